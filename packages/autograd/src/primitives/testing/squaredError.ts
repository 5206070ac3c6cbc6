import { shapes } from '../../testing/index.js';
import type { Call, Examples } from './call.js';

const shape = shapes({ minExtent: 1 });

export const examples: Examples = {
  meanSquaredDifference: shape.map((same): Call => ({ smooth: [same, same] })),
  meanSquaredDifferenceBackward: shape.map((same): Call => ({ smooth: [[], same, same] })),
};
