import { type Examples, each, one, two } from './call.js';

export const examples: Examples = {
  ...each(['negative', 'square', 'sqrt', 'abs', 'sign'], one),
  ...each(['add', 'subtract', 'multiply', 'divide', 'power', 'maximum', 'minimum'], two),
};
