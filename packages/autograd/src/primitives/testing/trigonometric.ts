import { type Examples, each, one, two } from './call.js';

export const examples: Examples = {
  ...each(['sin', 'cos', 'tan', 'asin', 'acos', 'atan'], one),
  atan2: two,
};
