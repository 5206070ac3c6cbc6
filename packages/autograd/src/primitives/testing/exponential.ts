import { type Examples, each, one, two } from './call.js';

export const examples: Examples = {
  ...each(['exp', 'log', 'exp2', 'expm1', 'log1p', 'log2', 'log10'], one),
  ...each(['logaddexp', 'xlogy'], two),
};
