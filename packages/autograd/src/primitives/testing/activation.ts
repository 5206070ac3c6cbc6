import { type Examples, each, one, two } from './call.js';

export const examples: Examples = {
  ...each(
    [
      'tanh',
      'sigmoid',
      'relu',
      'softplus',
      'silu',
      'siluSlope',
      'gelu',
      'geluSlope',
      'geluTanh',
      'geluTanhSlope',
      'mish',
      'mishSlope',
    ],
    one,
  ),
  ...each(['reluBackward', 'tanhBackward', 'sigmoidBackward'], two),
  ...each(
    ['elu', 'eluSlope'],
    one.map((call) => ({ ...call, attributes: { alpha: 0.7 } })),
  ),
};
