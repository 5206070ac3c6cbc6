/** What the library is doing right now: recording or not, training or not, how deep inside transforms. One record, read by `apply`. */

import { ArgumentError } from '@cotangent/kernels';
import type { Anomalies } from './anomaly.js';
import { GradientError } from './errors.js';
import type { Mapping } from './mapping.js';
import { checkFunction } from './options.js';
import type { Profiler } from './profile.js';

export const modes: {
  /** Whether operations on tracked tensors are put on the tape. */
  recording: boolean;
  /** How many transforms (grad, jvp, …) are running their function. */
  transformDepth: number;
  /** The innermost `vmap` that is running its function. */
  mapping: Mapping | null;
  /** Whether all transforms around that differentiate are forward ones, of tensors that no tape tracks. */
  forwardOnly: boolean;
  /** Whether layers behave as in training; null where each module's own flag decides. */
  training: boolean | null;
  /** Whether nothing may be recorded, whatever is called. */
  inference: boolean;
  /** What to look for in every result; null to look for nothing. */
  anomalies: Anomalies | null;
  /** Measures every kernel; null to measure nothing. */
  profiler: Profiler | null;
} = {
  recording: true,
  transformDepth: 0,
  mapping: null,
  forwardOnly: false,
  training: null,
  inference: false,
  anomalies: null,
  profiler: null,
};

/** Whether a transform that differentiates is running its function; `vmap` does not. */
export function isDifferentiating(): boolean {
  return modes.transformDepth > (modes.mapping?.depth ?? 0);
}

/** Modes for the time that `f` runs. */
type Change = Partial<Pick<typeof modes, 'recording' | 'training' | 'inference'>>;

/** Runs `f` in other modes. @internal */
export function withModes<R>(operation: string, change: Change, f: () => R): R {
  if (change.recording && modes.inference) {
    throw new GradientError(
      operation,
      'got called inside inferenceMode, where nothing is recorded',
      'Use noGrad around what must not be recorded, or leave inferenceMode first.',
    );
  }
  checkFunction(operation, f);
  const { recording, training, inference } = modes;
  Object.assign(modes, change);
  try {
    const result = f();
    if (typeof (result as { then?: unknown } | null | undefined)?.then === 'function') {
      throw new ArgumentError(
        operation,
        'got an asynchronous function: what it does after its first await would run in another mode',
        'Await first, and wrap the synchronous parts.',
      );
    }
    return result;
  } finally {
    Object.assign(modes, { recording, training, inference });
  }
}

// ---- PyTorch's names -------------------------------------------------------------------------------------------------

/**
 * Runs `f` without recording: nothing in it can be differentiated, and nothing is kept for a backward pass.
 *
 * @returns whatever `f` returns
 * @throws ArgumentError when `f` is asynchronous
 * @example
 * const prediction = noGrad(() => net.call(x));
 */
export function noGrad<R>(f: () => R): R {
  return withModes('noGrad', { recording: false }, f);
}

/**
 * Runs `f` with recording on, also inside `noGrad`; what transforms do around the function they differentiate.
 *
 * @throws ArgumentError when `f` is asynchronous; GradientError inside `inferenceMode`
 * @example
 * const w = tensor([3], { requiresGrad: true });
 * noGrad(() => enableGrad(() => w.square().sum())).backward();
 * w.grad; // → [6]
 */
export function enableGrad<R>(f: () => R): R {
  return withModes('enableGrad', { recording: true }, f);
}

/**
 * `noGrad` that nothing inside can undo: a `grad`, `record` or `enableGrad` called by some layer throws GradientError instead of
 * recording. For serving, where a forgotten one would cost memory and time.
 *
 * @throws ArgumentError when `f` is asynchronous
 * @example
 * const w = tensor([3], { requiresGrad: true });
 * const y = inferenceMode(() => w.square());
 * y.requiresGrad; // → false
 */
export function inferenceMode<R>(f: () => R): R {
  return withModes('inferenceMode', { recording: false, inference: true }, f);
}

/**
 * Whether operations are being recorded.
 *
 * @example
 * [isRecording(), noGrad(() => isRecording())]; // → [true, false]
 */
export function isRecording(): boolean {
  return modes.recording;
}

// ---- MXNet's names ---------------------------------------------------------------------------------------------------

/** Options of `record` and `pause`. */
export interface RecordOptions {
  /** Whether layers like Dropout behave as in training. @defaultValue true in `record`, false in `pause` */
  training?: boolean;
}

/**
 * Runs `f` recorded and with layers in training mode, whatever their own flags say (MXNet's `autograd.record`).
 *
 * @returns whatever `f` returns
 * @throws ArgumentError when `f` is asynchronous; GradientError inside `inferenceMode`
 * @example
 * const loss = record(() => net.call(x).square().mean());
 * loss.backward();
 */
export function record<R>(f: () => R, { training = true }: RecordOptions = {}): R {
  return withModes('record', { recording: true, training }, f);
}

/**
 * The opposite, inside `record`: unrecorded, with layers in inference mode (MXNet's `autograd.pause`).
 *
 * @example
 * record(() => pause(() => isTraining())); // → false
 */
export function pause<R>(f: () => R, { training = false }: RecordOptions = {}): R {
  return withModes('pause', { recording: false, training }, f);
}

/**
 * Runs `f` with layers in training mode; recording stays as it is.
 *
 * @throws ArgumentError when `f` is asynchronous
 * @example
 * const dropout = new nn.Dropout({ rate: 0.5, seed: 1 });
 * trainMode(() => dropout.call(ones([100]))).max(); // → 2
 */
export function trainMode<R>(f: () => R): R {
  return withModes('trainMode', { training: true }, f);
}

/**
 * Runs `f` with layers in inference mode; recording stays as it is.
 *
 * @throws ArgumentError when `f` is asynchronous
 * @example
 * const dropout = new nn.Dropout({ rate: 0.5 });
 * predictMode(() => dropout.call(ones([4]))); // → [1, 1, 1, 1]
 */
export function predictMode<R>(f: () => R): R {
  return withModes('predictMode', { training: false }, f);
}

/**
 * Whether layers behave as in training; null outside `record`, `pause`, `trainMode` and `predictMode`, where each module's own flag decides.
 *
 * @example
 * [isTraining(), trainMode(() => isTraining())]; // → [null, true]
 */
export function isTraining(): boolean | null {
  return modes.training;
}
