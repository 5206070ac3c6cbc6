import { type Examples, each, one, two } from './call.js';

export const examples: Examples = {
  ...each(['tanh', 'sigmoid', 'relu', 'softplus', 'silu', 'gelu', 'geluTanh', 'mish'], one),
  ...each(
    [
      'reluBackward',
      'tanhBackward',
      'sigmoidBackward',
      'siluBackward',
      'geluBackward',
      'geluTanhBackward',
      'mishBackward',
    ],
    two,
  ),
  ...each(
    ['elu', 'eluSlope'],
    one.map((call) => ({ ...call, attributes: { alpha: 0.7 } })),
  ),
};
