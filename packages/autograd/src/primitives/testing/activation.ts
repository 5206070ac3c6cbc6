import { type Examples, each, one, two } from './call.js';

export const examples: Examples = {
  ...each(['tanh', 'sigmoid', 'relu'], one),
  reluBackward: two,
};
