import { arange, type Tensor } from '@cotangent/autograd';
import { type Shape, ShapeError } from '@cotangent/kernels';
import { checkNumber, checkOptions, checkTensor } from '../../options.js';

/** Options of a call of a layer that knows positions. */
export interface PositionOptions {
  /** Position of the first step: how many came before, when decoding step by step. @defaultValue 0 */
  startIndex?: number;
  /** The position of each step, [time] or [batch, time]. @defaultValue startIndex, startIndex + 1, … */
  positions?: Tensor | null;
}

/** The position of each step, [time] or [batch, time], as float64 so that those of long sequences stay exact. */
export function positionsOf(operation: string, options: PositionOptions, [batch, time]: Shape): Tensor {
  checkOptions(operation, options, ['startIndex', 'positions']);
  const start = checkNumber(operation, 'startIndex', options.startIndex ?? 0, { atLeast: 0, whole: true });
  const { positions = null } = options;
  if (positions === null) return arange(start, start + time!, 1, { dtype: 'float64' });
  const { rank, shape } = checkTensor(operation, 'positions', positions);
  const fits = shape.at(-1) === time && (rank === 1 || (rank === 2 && (shape[0] === batch || shape[0] === 1)));
  if (!fits) throw new ShapeError(operation, { positions: shape }, `positions [${time}] or [${batch}, ${time}]`);
  return positions.cast('float64');
}

/** position · wavelength⁻ᵉ for each exponent e: [..., exponents] */
export function anglesOf(positions: Tensor, wavelength: number, exponents: Tensor): Tensor {
  return positions.expandDims(-1).mul(exponents.mul(-Math.log(wavelength)).exp());
}
