import { type Examples, each, one } from './call.js';

export const examples: Examples = {
  ...each(['erf', 'erfc'], one),
};
