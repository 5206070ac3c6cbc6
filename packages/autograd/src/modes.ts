import type { Mapping } from './mapping.js';

/** What the library is doing right now: recording or not, and how deep inside transforms. One record, read by `apply`. */
export const modes: {
  /** Whether operations on tracked tensors are put on the tape. */
  recording: boolean;
  /** How many transforms (grad, jvp, …) are running their function. */
  transformDepth: number;
  /** The innermost `vmap` that is running its function. */
  mapping: Mapping | null;
} = { recording: true, transformDepth: 0, mapping: null };

/** Whether a transform that differentiates is running its function; `vmap` does not. */
export function isDifferentiating(): boolean {
  return modes.transformDepth > (modes.mapping?.depth ?? 0);
}

function withRecording<R>(recording: boolean, f: () => R): R {
  const before = modes.recording;
  modes.recording = recording;
  try {
    return f();
  } finally {
    modes.recording = before;
  }
}

/**
 * Runs `f` without recording: nothing in it can be differentiated, and nothing is kept for a backward pass.
 *
 * @returns whatever `f` returns
 * @example
 * const prediction = noGrad(() => net.call(x));
 */
export function noGrad<R>(f: () => R): R {
  return withRecording(false, f);
}

/** Runs `f` with recording on, also inside `noGrad`; what transforms do around the function they differentiate. */
export function enableGrad<R>(f: () => R): R {
  return withRecording(true, f);
}

/** Whether operations are being recorded. */
export function isRecording(): boolean {
  return modes.recording;
}
