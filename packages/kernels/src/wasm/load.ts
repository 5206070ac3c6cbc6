/** Modules are assembled and compiled when a kernel is first used, bound to the heap, and kept. */

import { heapMemory } from '../heap/heap.js';
import { assemble, type Func } from './assemble.js';
import { features } from './features.js';

/** A function of a module. Numbers go in, and one or none comes out. */
export type WasmFunction = (...args: number[]) => number;

/** The functions of a module, by name. */
export type WasmExports = Readonly<Record<string, WasmFunction>>;

let available: boolean | null = null;

/** Whether kernels can run as SIMD here: there is a heap to run over, and the host compiles vectors. */
export function simdAvailable(): boolean {
  available ??= heapMemory() !== null && features().simd;
  return available;
}

/**
 * A module in variants (for float32 or float64, fused or not), each compiled when it is first asked for and then kept.
 *
 * Compilation is synchronous, which browsers allow on the main thread for modules of up to 8 MB (Chrome, since version
 * 115); ours hold one kernel each and a few KB. Only to be called where `simdAvailable()`.
 *
 * @param functions writes the functions of a variant
 * @returns the functions of a variant, by name
 */
export function lazyModule<V extends string>(functions: (variant: V) => readonly Func[]): (variant: V) => WasmExports {
  const loaded: Partial<Record<V, WasmExports>> = {};
  return (variant) => (loaded[variant] ??= instantiate(functions(variant)));
}

function instantiate(functions: readonly Func[]): WasmExports {
  const memory = heapMemory()!;
  // By its tag: `instanceof` fails across realms, and SharedArrayBuffer is not defined everywhere.
  const shared = Object.prototype.toString.call(memory.buffer) === '[object SharedArrayBuffer]';
  const module = new WebAssembly.Module(assemble(functions, shared) as BufferSource);
  // Copied: V8 keeps the object of exports as a hash table, and every call of a kernel looks its function up.
  return { ...new WebAssembly.Instance(module, { heap: { memory } }).exports } as unknown as WasmExports;
}
