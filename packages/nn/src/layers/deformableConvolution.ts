import {
  conv,
  type DataFormat,
  dense,
  type Padding,
  type PerAxis,
  permute,
  type Tensor,
  take,
  tensor,
} from '@cotangent/autograd';
import { ArgumentError, type Shape } from '@cotangent/kernels';
import { checkNumber } from '../options.js';
import type { Parameter } from '../parameter.js';
import { ConvolutionBase, type ConvolutionLayerOptions } from './convolution.js';
import { type WeightOptions, weight, weightOptionNames } from './weights.js';
import { sampleShape, slide, spatialOf } from './windows.js';

/** Options of `DeformableConv2D`. */
export interface DeformableConvOptions
  extends ConvolutionLayerOptions,
    WeightOptions<'kernel' | 'offset' | 'offsetBias'> {
  /** Number of output channels. */
  filters: number;
  /** Groups of input channels that move together. @defaultValue 1 */
  deformableGroups?: number;
  /** Whether each tap also gets a weight of its own, from 0 to 2 (Gluon's ModulatedDeformableConvolution). @defaultValue false */
  modulated?: boolean;
  /** @defaultValue 'glorotUniform' */
  kernelInitializer?: WeightOptions<'kernel'>['kernelInitializer'];
  /** Of the kernel that computes the offsets. @defaultValue 'zeros': the layer begins as a plain convolution */
  offsetInitializer?: WeightOptions<'offset'>['offsetInitializer'];
  /** @defaultValue 'zeros' */
  offsetBiasInitializer?: WeightOptions<'offsetBias'>['offsetBiasInitializer'];
}

/**
 * A convolution whose taps move: another convolution over the same input says for each window and tap how far down and to the right of its
 * place to look, between pixels by bilinear interpolation, and 0 outside the image.
 *
 * x [batch, height, width, in] → [batch, height′, width′, filters]; kernel [height, width, in, filters]; the kernel of the offsets [height,
 * width, in, groups · taps · 2], with (down, right) for each tap; modulated, groups · taps more, through 2 σ.
 *
 * @throws ArgumentError for options out of range; ShapeError, DTypeError for inputs that do not fit
 * @see Dai et al. 2017, arXiv:1703.06211; Zhu et al. 2018, arXiv:1811.11168; Gluon's DeformableConvolution
 * @example new nn.DeformableConv2D({ filters: 8, kernelSize: 3, padding: 'same' }).call(ones([1, 8, 8, 3])) // shape [1, 8, 8, 8]
 */
export class DeformableConv2D extends ConvolutionBase {
  readonly filters: number;
  /** [height, width, in, filters] */
  readonly kernel: Parameter;
  readonly bias: Parameter | null;
  /** [height, width, in, what the offsets take] */
  readonly offsetKernel: Parameter;
  readonly offsetBias: Parameter;
  private readonly groups: number;
  private readonly modulated: boolean;

  constructor(options: DeformableConvOptions) {
    const name = 'DeformableConv2D';
    const own = ['filters', 'deformableGroups', 'modulated', ...weightOptionNames('kernel', 'offset', 'offsetBias')];
    super(name, 2, options, own);
    this.filters = checkNumber(name, 'filters', options.filters, { above: 0, whole: true });
    this.groups = checkNumber(name, 'deformableGroups', options.deformableGroups ?? 1, { above: 0, whole: true });
    this.modulated = options.modulated ?? false;
    this.kernel = weight(name, 'kernel', options, 'glorotUniform');
    this.bias = this.biasFor(options);
    this.offsetKernel = weight(name, 'offset', options, 'zeros');
    this.offsetBias = weight(name, 'offsetBias', options, 'zeros');
    if (options.inputShape !== undefined) this.build(options.inputShape);
  }

  private get taps(): number {
    const [height, width] = this.windows.window as readonly [number, number];
    return height * width;
  }

  override build(inputShape: Shape): this {
    const { channels } = spatialOf(this.windows, inputShape);
    if (channels % this.groups !== 0) {
      throw new ArgumentError(
        this.operation,
        `got ${channels} channels for ${this.groups} deformable groups; expected a multiple of them`,
      );
    }
    const offsets = this.groups * this.taps * (this.modulated ? 3 : 2);
    this.kernel.materialize([...this.windows.window, channels, this.filters]);
    this.offsetKernel.materialize([...this.windows.window, channels, offsets]);
    this.offsetBias.materialize([offsets]);
    this.bias?.materialize([this.filters]);
    return this;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    const { spatial } = spatialOf(this.windows, inputShape);
    return sampleShape(slide(this.windows, spatial), this.filters, this.windows.dataFormat);
  }

  override forward(given: Tensor): Tensor {
    this.prepare(given, this.kernel, -2);
    const first = this.windows.dataFormat === 'channelsFirst';
    const x = first ? permute(given, [0, 2, 3, 1]) : given;
    const [batch, height, width, channels] = x.shape as readonly [number, number, number, number];
    const sliding: { strides: PerAxis; padding: Padding; dilations: PerAxis; dataFormat: DataFormat } = {
      ...this.sliding,
      dataFormat: 'channelsLast',
    };
    const moves = conv(x, this.offsetKernel, { ...sliding, bias: this.offsetBias });
    const [rows, columns] = moves.shape.slice(1, 3) as [number, number];
    const { groups, taps } = this;
    const offsets = moves
      .slice(null, null, null, [0, groups * taps * 2])
      .reshape([batch, rows * columns, groups, taps, 2]);
    const places = this.places(height, width, rows, columns, x);
    const y = places.down.add(offsets.slice(null, null, null, null, 0));
    const z = places.right.add(offsets.slice(null, null, null, null, 1));
    let seen = sample(x.reshape([batch, height, width, groups, channels / groups]), y, z);
    if (this.modulated) {
      const weights = moves
        .slice(null, null, null, [groups * taps * 2, null])
        .sigmoid()
        .mul(2);
      seen = seen.mul(weights.reshape([batch, rows * columns, groups, taps, 1]));
    }
    // [batch, places, groups, taps, channels of a group] to [batch, places, taps · channels], as the kernel has them.
    const columnsOf = permute(seen, [0, 1, 3, 2, 4]).reshape([batch, rows * columns, taps * channels]);
    const matrix = this.kernel.reshape([taps * channels, this.filters]);
    return this.ended(({ bias, ...rest }) => {
      const rowsOf = bias === undefined ? columnsOf.matmul(matrix) : dense(columnsOf, matrix, bias, rest);
      const result = rowsOf.reshape([batch, rows, columns, this.filters]);
      return first ? permute(result, [0, 3, 1, 2]) : result;
    });
  }

  /** Where each tap of each window looks without an offset: [1, places, 1, taps]. */
  private places(
    height: number,
    width: number,
    rows: number,
    columns: number,
    like: Tensor,
  ): { down: Tensor; right: Tensor } {
    const { window, strides, dilations, padding } = this.windows;
    const along = (axis: number, n: number): { start: number; at: (place: number, tap: number) => number } => {
      const count = axis === 0 ? rows : columns;
      const span = dilations[axis]! * (window[axis]! - 1) + 1;
      const side = typeof padding === 'object' ? padding[axis]! : padding;
      const start =
        side === 'same'
          ? Math.floor(Math.max(0, (count - 1) * strides[axis]! + span - n) / 2)
          : side === 'valid'
            ? 0
            : typeof side === 'number'
              ? side
              : (side as readonly [number, number])[0];
      return { start, at: (place, tap) => place * strides[axis]! - start + tap * dilations[axis]! };
    };
    const [vertical, horizontal] = [along(0, height), along(1, width)];
    const make = (at: (place: number, tap: number) => number): Tensor =>
      tensor(
        Float64Array.from({ length: rows * columns * this.taps }, (_, i) =>
          at(Math.floor(i / this.taps), i % this.taps),
        ),
      )
        .cast(like.dtype)
        .reshape([1, rows * columns, 1, this.taps]);
    return {
      down: make((place, tap) => vertical.at(Math.floor(place / columns), Math.floor(tap / window[1]!))),
      right: make((place, tap) => horizontal.at(place % columns, tap % window[1]!)),
    };
  }
}

/** Images [batch, height, width, groups, channels] between their pixels, at rows y and columns z [batch, places, groups, taps]. */
function sample(x: Tensor, y: Tensor, z: Tensor): Tensor {
  const [batch, height, width, groups, channels] = x.shape as readonly [number, number, number, number, number];
  const flat = x.reshape([batch * height * width * groups, channels]);
  const [top, left] = [y.detach().floor(), z.detach().floor()];
  const [down, right] = [y.sub(top), z.sub(left)];
  const image = tensor(Int32Array.from({ length: batch }, (_, i) => i)).reshape([batch, 1, 1, 1]);
  const group = tensor(Int32Array.from({ length: groups }, (_, i) => i)).reshape([1, 1, groups, 1]);
  const corner = (dy: number, dz: number): Tensor => {
    const [r, c] = [top.add(dy), left.add(dz)];
    const inside = r.greaterEqual(0).logicalAnd(r.less(height)).logicalAnd(c.greaterEqual(0)).logicalAnd(c.less(width));
    const row = r.clip(0, height - 1).cast('int32');
    const column = c.clip(0, width - 1).cast('int32');
    const index = image.mul(height).add(row).mul(width).add(column).mul(groups).add(group);
    const share = (dy === 0 ? down.neg().add(1) : down).mul(dz === 0 ? right.neg().add(1) : right);
    return take(flat, index).mul(share.mul(inside.cast(x.dtype)).expandDims(-1));
  };
  return corner(0, 0).add(corner(0, 1)).add(corner(1, 0)).add(corner(1, 1));
}
