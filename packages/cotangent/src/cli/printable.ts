/** Text from outside as a terminal may show it: without control characters, which could move the cursor or hide what follows. */
export function printable(text: string, most: number = 400): string {
  const shown = text.length > most ? `${text.slice(0, most)}…` : text;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is to be shown as escapes
  return shown.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (c) => {
    return `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
