/** Flags are set when Chromium is started: it is given --expose-gc. */
export function setFlagsFromString(): void {}
