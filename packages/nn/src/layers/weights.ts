/** How layers declare their parameters: three options for each, and a dtype for all (Keras's add_weight). */

import type { DType } from '@cotangent/kernels';
import type { ConstraintLike } from '../constraints.js';
import { resolveConstraint } from '../constraints.js';
import { type InitializerLike, resolveInitializer } from '../initializers/index.js';
import { checkChoice } from '../options.js';
import { Parameter } from '../parameter.js';
import { type RegularizerLike, resolveRegularizer } from '../regularizers.js';

/** Options of the parameters of a layer, `kernel` and `bias` for example: `kernelInitializer`, `kernelRegularizer`, `kernelConstraint`, … */
export type WeightOptions<Role extends string> = {
  [R in Role as `${R}Initializer`]?: InitializerLike;
} & {
  [R in Role as `${R}Regularizer`]?: RegularizerLike | null;
} & {
  [R in Role as `${R}Constraint`]?: ConstraintLike | null;
};

/** Options of layers with parameters. */
export interface DTypeOption {
  /** Of the parameters, and so of the input and the output: nothing is converted. @defaultValue 'float32' */
  dtype?: 'float32' | 'float64';
}

/** The names of the options of some parameters, for checks. */
export const weightOptionNames = (...roles: readonly string[]): string[] =>
  roles.flatMap((role) => [`${role}Initializer`, `${role}Regularizer`, `${role}Constraint`]);

/** The dtype of a layer's parameters. @throws ArgumentError */
export const dtypeOf = (operation: string, { dtype = 'float32' }: DTypeOption): DType =>
  checkChoice(operation, 'dtype', dtype, ['float32', 'float64']);

/** A parameter as the options say. @param initializer the default one */
export function weight<Role extends string>(
  operation: string,
  role: Role,
  options: WeightOptions<Role> & DTypeOption,
  initializer: InitializerLike,
): Parameter {
  const given = options as Record<string, unknown>;
  return new Parameter({
    initializer: resolveInitializer(operation, (given[`${role}Initializer`] as InitializerLike) ?? initializer),
    regularizer: resolveRegularizer(operation, given[`${role}Regularizer`] as RegularizerLike),
    constraint: resolveConstraint(operation, given[`${role}Constraint`] as ConstraintLike),
    dtype: dtypeOf(operation, options),
  });
}
