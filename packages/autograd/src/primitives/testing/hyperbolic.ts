import { type Examples, each, one } from './call.js';

export const examples: Examples = {
  ...each(['sinh', 'cosh', 'asinh', 'acosh', 'atanh'], one),
};
