/** @cotangent/kernels/wasm: what this host's WebAssembly can do, and how fast its arithmetic is at best. For benchmarks. */

export { ceilingModule, ceilingOperations } from './ceiling.js';
export { type Features, features, variantFor } from './features.js';
export { simdAvailable } from './load.js';
