/** What this host's WebAssembly can do, found out by offering it tiny modules of our own. */

import { ArgumentError } from '../errors.js';
import { assemble, type Func, func, procedure } from './assemble.js';
import { extractLane, op } from './expr.js';
import type { FloatVector, Variant } from './lanes.js';

/** What kernels may rely on. */
export interface Features {
  /** 128-bit vectors, and leave to compile: a strict Content-Security-Policy without 'wasm-unsafe-eval' forbids it. */
  readonly simd: boolean;
  /** Fused multiply-add (relaxed SIMD): Node 22, Chrome 114, Firefox 145. */
  readonly relaxedSimd: boolean;
  /** Memory that several workers can use. It may exist and still not be postable: see `crossOriginIsolated`. */
  readonly sharedMemory: boolean;
}

const simdProbe = (): Func => func('probe', { x: 'f32' }, 'f32', (_, { x }) => extractLane(op('f32x4.splat', x), 0));

const relaxedProbe = (): Func =>
  procedure('probe', { x: 'f32' }, (code, { x }) => {
    const v = code.let(op('f32x4.splat', x));
    code.set(v, op('f32x4.relaxed_madd', v, v, v));
  });

function compiles(probe: Func): boolean {
  try {
    // Compiled, not only validated: validation is allowed under policies that forbid compilation.
    return new WebAssembly.Module(assemble([probe], false) as BufferSource) instanceof WebAssembly.Module;
  } catch {
    return false;
  }
}

function makesSharedMemory(): boolean {
  try {
    return new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer.byteLength > 0;
  } catch {
    return false;
  }
}

/** Asks the host; an answer costs up to 1 ms in a fresh process, so `features` remembers them, and what relaxed SIMD implies is not asked. */
export function detectFeatures(): Features {
  if (typeof WebAssembly !== 'object') return { simd: false, relaxedSimd: false, sharedMemory: false };
  const relaxedSimd = compiles(relaxedProbe());
  return { simd: relaxedSimd || compiles(simdProbe()), relaxedSimd, sharedMemory: makesSharedMemory() };
}

let detected: Features | null = null;

/** What this host's WebAssembly can do. */
export function features(): Features {
  detected ??= detectFeatures();
  return detected;
}

let deterministic = false;

/**
 * Makes results the same bits on every processor, at some cost in speed: multiply-adds are rounded twice even where the
 * hardware could round once. On one machine the same seed gives the same bits in either mode.
 *
 * It holds among hosts with WebAssembly SIMD, Node and browsers alike. The loops that run without SIMD accumulate in
 * double precision, and take exp, sin and the like from the JavaScript engine, so they differ in the last bits; so do
 * float64 powers, and sines of float64 angles too large for the SIMD kernels.
 *
 * @param on off unless called; it takes effect with the next operation
 * @throws ArgumentError unless given a boolean
 * @example
 * setDeterministic(true);
 */
export function setDeterministic(on: boolean): void {
  if (typeof on !== 'boolean') throw new ArgumentError('setDeterministic', `got ${String(on)}; expected a boolean`);
  deterministic = on;
}

/**
 * Whether deterministic mode is on.
 *
 * @example
 * isDeterministic(); // → false
 */
export function isDeterministic(): boolean {
  return deterministic;
}

/** What to compile a kernel with multiply-adds for. */
export function variantFor(type: FloatVector): Variant {
  const fused = !deterministic && features().relaxedSimd;
  // Written out: kernels ask at every call, and joining strings takes longer than comparing them.
  if (type === 'f32x4') return fused ? 'f32x4 fused' : 'f32x4';
  return fused ? 'f64x2 fused' : 'f64x2';
}
