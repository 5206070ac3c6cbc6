import { einsum, type Tensor } from '@cotangent/autograd';
import { ArgumentError, type Shape, ShapeError, shapesEqual } from '@cotangent/kernels';
import { type Activation, type ActivationName, resolveActivation } from '../activations.js';
import { checkOptions, shown } from '../options.js';
import type { Parameter } from '../parameter.js';
import { checkInput, checkInputDType } from './inputs.js';
import { Layer, type LayerOptions, layerOptionNames } from './layer.js';
import { type DTypeOption, type WeightOptions, weight, weightOptionNames } from './weights.js';

/** Options of `EinsumDense`. */
export interface EinsumDenseOptions extends LayerOptions, DTypeOption, WeightOptions<'kernel' | 'bias'> {
  /** Which axes are multiplied and summed: 'abc,cd->abd'; '...' may stand for leading or trailing axes of input and output. */
  equation: string;
  /** Extents of the output, without the batch axis and those that '...' stands for; null where an axis of the input says it. */
  outputShape: number | readonly (number | null)[];
  /** Letters of the output along which the bias varies. @defaultValue none: no bias */
  biasAxes?: string | null;
  /** Applied to the result. @defaultValue 'linear' */
  activation?: ActivationName | Activation;
  /** @defaultValue 'glorotUniform' (Keras) */
  kernelInitializer?: WeightOptions<'kernel'>['kernelInitializer'];
  /** @defaultValue 'zeros' */
  biasInitializer?: WeightOptions<'bias'>['biasInitializer'];
}

/** An equation taken apart: the letters of each term, and where '...' stands in input and output. */
interface Equation {
  readonly input: string;
  readonly kernel: string;
  readonly output: string;
  readonly dots: 'none' | 'left' | 'right';
}

const forms = [
  ['none', /^([A-Za-z]+),([A-Za-z]+)->([A-Za-z]+)$/],
  ['left', /^\.\.\.([A-Za-z]+),([A-Za-z]+)->\.\.\.([A-Za-z]+)$/],
  ['right', /^([A-Za-z]{2,})\.\.\.,([A-Za-z]+)->([A-Za-z]+)\.\.\.$/],
] as const;

function parse(equation: string): Equation {
  for (const [dots, form] of forms) {
    const match = form.exec(String(equation).replaceAll(' ', ''));
    if (match === null) continue;
    const [input, kernel, output] = match.slice(1) as [string, string, string];
    for (const letter of kernel) if (!(input + output).includes(letter)) refuseEquation(equation, letter);
    for (const letter of output) if (!(input + kernel).includes(letter)) refuseEquation(equation, letter);
    return { input, kernel, output, dots };
  }
  throw new ArgumentError(
    'EinsumDense',
    `got equation ${shown(equation)}; expected 'ab,bc->ac', '...ab,bc->...ac' or 'ab...,bc->ac...', with letters of your own`,
  );
}

function refuseEquation(equation: string, letter: string): never {
  throw new ArgumentError(
    'EinsumDense',
    `got equation '${equation}'; expected every axis in two terms, not '${letter}' in one`,
  );
}

/**
 * A dense layer over any axes: activation(einsum(equation, x, kernel) + bias).
 *
 * Input, kernel and output have the axes that the equation says; the first one of the input is the batch. The kernel is made on the
 * first call.
 *
 * @throws ArgumentError for an equation, output shape or bias axes that do not go together; ShapeError for an input that does not
 *   have the axes of the equation, or other extents than the first one; DTypeError for an input of another dtype
 * @see https://keras.io/api/layers/core_layers/einsum_dense/
 * @example
 * // Features into 8 heads of 64 each, with a bias for each of those.
 * new nn.EinsumDense({ equation: 'btf,fhd->bthd', outputShape: [null, 8, 64], biasAxes: 'hd' }).call(ones([2, 5, 512])); // shape [2, 5, 8, 64]
 */
export class EinsumDense extends Layer {
  readonly equation: string;
  /** With the axes that the equation names. */
  readonly kernel: Parameter;
  /** Broadcasts against the output; null without `biasAxes`. */
  readonly bias: Parameter | null;
  protected override readonly keepsMask = true;
  private readonly terms: Equation;
  private readonly outputShape: readonly (number | null)[];
  private readonly biasAxes: string;
  private readonly activation: Activation;

  constructor(options: EinsumDenseOptions) {
    checkOptions('EinsumDense', options, [
      'equation',
      'outputShape',
      'biasAxes',
      'activation',
      ...weightOptionNames('kernel', 'bias'),
      'dtype',
      ...layerOptionNames,
    ]);
    super(options);
    this.terms = parse(options.equation);
    this.equation = options.equation;
    this.outputShape = checkOutputShape(options.outputShape);
    this.biasAxes = options.biasAxes ?? '';
    for (const letter of this.biasAxes) {
      if (!this.terms.output.includes(letter))
        throw new ArgumentError(
          'EinsumDense',
          `got biasAxes '${this.biasAxes}'; expected letters of the output '${this.terms.output}'`,
        );
    }
    this.activation = resolveActivation('EinsumDense', options.activation ?? 'linear');
    this.kernel = weight('EinsumDense', 'kernel', options, 'glorotUniform');
    this.bias = this.biasAxes === '' ? null : weight('EinsumDense', 'bias', options, 'zeros');
    if (this.inputShape !== undefined) this.build(this.inputShape);
  }

  override build(inputShape: Shape): this {
    const { kernel, bias } = this.shapesFor(inputShape);
    this.kernel.materialize(kernel);
    this.bias?.materialize(bias);
    return this;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return this.shapesFor(inputShape).output;
  }

  override forward(x: Tensor): Tensor {
    checkInput('EinsumDense', x, 'batch, ...');
    checkInputDType('EinsumDense', x, this.kernel.dtype);
    if (!this.kernel.hasValue) this.build(x.shape.slice(1));
    else if (!shapesEqual(this.shapesFor(x.shape.slice(1)).kernel, this.kernel.shape))
      throw new ShapeError(
        'EinsumDense',
        { x: x.shape, kernel: this.kernel.shape },
        `extents that fit '${this.equation}'`,
        'The kernel was made for the first input.',
      );
    const product = einsum(this.equation, x, this.kernel);
    return this.activation(this.bias === null ? product : product.add(this.bias));
  }

  /** Shapes of kernel, bias and output for an input, its and the output's without the batch axis. */
  private shapesFor(inputShape: Shape): { kernel: Shape; bias: Shape; output: Shape } {
    const { input, kernel, output, dots } = this.terms;
    const elided = inputShape.length + 1 - input.length;
    if (elided < 0 || (dots === 'none' && elided > 0))
      throw new ShapeError(
        'EinsumDense',
        { input: inputShape },
        `the axes of '${this.equation}' without the first, the batch`,
      );
    // The batch has no extent that a kernel could have.
    const from: readonly (number | null)[] = [null, ...inputShape];
    const first = dots === 'left' ? elided : 0;
    const extents = new Map([...input].map((letter, i) => [letter, from[first + i]!]));
    // Where '...' leads, the batch is among its axes; otherwise it is the first letter.
    const stated = first > 0 ? output : output.slice(1);
    if (stated.length !== this.outputShape.length)
      throw new ArgumentError(
        'EinsumDense',
        `got ${this.outputShape.length} extents in outputShape; expected one for each of '${stated}' in '${this.equation}'`,
      );
    for (const [i, letter] of [...stated].entries()) {
      const [known, wanted] = [extents.get(letter), this.outputShape[i]!];
      if (wanted === null) continue;
      if (known !== undefined && known !== wanted)
        throw new ShapeError(
          'EinsumDense',
          { input: inputShape },
          `extent ${wanted} along '${letter}', as outputShape says`,
        );
      extents.set(letter, wanted);
    }
    const extentOf = (letter: string): number => {
      const extent = extents.get(letter);
      if (typeof extent === 'number') return extent;
      throw new ArgumentError(
        'EinsumDense',
        `got no extent of '${letter}' in '${this.equation}'; expected a number for it in outputShape`,
      );
    };
    const between = dots === 'right' ? from.slice(input.length) : from.slice(0, first);
    const named = [...output].map((letter, i) => (i === 0 && first === 0 ? null : extentOf(letter)));
    const whole = dots === 'right' ? [...named, ...between] : [...between, ...named];
    const biasFrom = Math.min(...[...this.biasAxes].map((letter) => output.indexOf(letter)));
    const ones = dots === 'right' ? between.map(() => 1) : [];
    return {
      kernel: [...kernel].map(extentOf),
      bias: [...[...output.slice(biasFrom)].map((l) => (this.biasAxes.includes(l) ? extentOf(l) : 1)), ...ones],
      output: whole.slice(1) as number[],
    };
  }
}

function checkOutputShape(given: EinsumDenseOptions['outputShape']): readonly (number | null)[] {
  const extents = typeof given === 'number' ? [given] : given;
  if (Array.isArray(extents) && extents.every((n) => n === null || (Number.isInteger(n) && n > 0)))
    return extents as readonly (number | null)[];
  const came = Array.isArray(given) ? `[${given.map(String).join(', ')}]` : shown(given);
  throw new ArgumentError('EinsumDense', `got outputShape ${came}; expected positive whole numbers, or null`);
}
