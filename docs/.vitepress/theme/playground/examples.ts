/** Programs to begin with: files of docs/playground, as they stand there. */

import classify from '../../../playground/classify.ts?raw';
import gradients from '../../../playground/gradients.ts?raw';
import jacobians from '../../../playground/jacobians.ts?raw';
import loop from '../../../playground/loop.ts?raw';
import newton from '../../../playground/newton.ts?raw';

export const examples: readonly { readonly name: string; readonly source: string }[] = [
  { name: 'Train a model', source: classify },
  { name: 'Tensors and gradients', source: gradients },
  { name: 'A loop of your own', source: loop },
  { name: 'Many examples at once', source: jacobians },
  { name: "Newton's method", source: newton },
];
