import { type Examples, each, one, two } from './call.js';

export const examples: Examples = {
  ...each(['floor', 'ceil', 'round', 'trunc', 'isnan', 'isinf', 'isfinite'], one),
  ...each(['remainder', 'fmod', 'floorDivide'], two),
};
