import { type Examples, each, one, two } from './call.js';

export const examples: Examples = {
  ...each(['negative', 'square', 'sqrt', 'abs', 'sign', 'reciprocal', 'rsqrt', 'cbrt'], one),
  ...each(['squareBackward', 'add', 'subtract', 'multiply', 'divide', 'power', 'maximum', 'minimum', 'hypot'], two),
};
