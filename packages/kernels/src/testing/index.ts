/** Tools for testing kernels: blocks in every layout, and references that go element by element. Needs fast-check. */

export {
  anyBlocks,
  type BlockOptions,
  type BlockRecipe,
  bits32,
  blocksOf,
  broadcastableShapes,
  build,
  extents,
  narrowed,
  type ShapeOptions,
  shapesOf,
  unwritten,
} from './arbitraries.js';
export { anyNumber, specialNumbers } from './heapBlocks.js';
export { at, broadcastAt, broadcastShape, indicesOf, mapped, product, reduced, stored, valuesOf } from './reference.js';
