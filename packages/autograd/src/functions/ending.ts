/** The activations that functions of layers (dense, convolutions) end with in the same pass. */

import { ArgumentError } from '@cotangent/kernels';

/** By the name of each activation, the row that ends with it. */
export type Endings<Row> = Readonly<Record<'linear' | 'relu' | 'tanh' | 'sigmoid', Row>>;

/** The row that ends with `activation`. @throws ArgumentError for a name that is none of theirs */
export function endingWith<Row>(operation: string, endings: Endings<Row>, activation: string): Row {
  if (Object.hasOwn(endings, activation)) return endings[activation as keyof Endings<Row>];
  const names = Object.keys(endings).join(', ');
  throw new ArgumentError(operation, `got activation '${String(activation)}'; expected one of ${names}`);
}
