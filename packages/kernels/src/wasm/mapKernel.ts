/**
 * Kernels that compute each element of their outputs from the elements at the same place of their inputs.
 *
 * A body written once against `Lanes` becomes, for float32 and for float64, a loop over vectors and a tail that runs
 * the same body on one element at a time (in every lane of a vector), so an element's bits do not depend on its place.
 *
 * Operands are walked as rows × columns. Along a row an input either moves on (`each`) or stands still (`same`); from
 * row to row it moves by any number of bytes. That covers, without a copy: contiguous data (one row), a scalar operand
 * (same), a row broadcast over a matrix (each, row step 0), a column broadcast (same), and slices of rows.
 */

import { type Func, procedure } from './assemble.js';
import type { Code, Local } from './code.js';
import { anyTrue, bits, type Expr, not, op } from './expr.js';
import { variantFor } from './features.js';
import { type FloatVector, isFused, Lanes, lanesOfVariant, type MaskOf, type Variant } from './lanes.js';
import { lazyModule, type WasmFunction } from './load.js';

/** What an operand holds: floating-point elements, or one bool a byte. */
export type OperandKind = 'elements' | 'bools';

type Kinds = Readonly<Record<string, OperandKind>>;

/** What the body sees of an operand. */
export type ValueOf<V extends FloatVector, K extends OperandKind> = K extends 'bools' ? Expr<MaskOf<V>> : Expr<V>;
type ValuesOf<V extends FloatVector, K extends Kinds> = { readonly [N in keyof K]: ValueOf<V, K[N]> };

/** An elementwise computation. */
export interface MapSpec<I extends Kinds, O extends Kinds, P extends string> {
  readonly name: string;
  readonly inputs: I;
  /** An output may be the very memory of an input: each element is read before it is written. */
  readonly outputs: O;
  /** Numbers that are the same for all elements. */
  readonly parameters?: readonly P[];
  /** Whether inputs may stand still along rows; only updates in place, which never broadcast, do without. @defaultValue true */
  readonly broadcast?: boolean;
  /** Whether the body uses `madd`, and so has a fused variant. */
  readonly fuses?: boolean;
  /** Vectors to a turn of the loop: more for bodies of an instruction or two. @defaultValue 1 */
  readonly unroll?: number;
  body<V extends FloatVector>(
    v: Lanes<V>,
    inputs: ValuesOf<V, I>,
    parameters: Readonly<Record<P, Expr<V>>>,
  ): ValuesOf<V, O>;
  /**
   * A quicker body in float32, for all but rare elements. Where every element of a turn suits it, it alone runs; else both
   * run, and each element takes its own: its bits do not depend on its neighbours.
   */
  readonly quick?: QuickBody<I, O, P>;
}

/** A body for the elements that `suits` picks. Its outputs are elements. */
export interface QuickBody<I extends Kinds, O extends Kinds, P extends string> {
  suits(v: Lanes<'f32x4'>, inputs: ValuesOf<'f32x4', I>): Expr<'i32x4'>;
  body(
    v: Lanes<'f32x4'>,
    inputs: ValuesOf<'f32x4', I>,
    parameters: Readonly<Record<P, Expr<'f32x4'>>>,
  ): ValuesOf<'f32x4', O>;
}

/** How an input moves along a row: on, or not at all. */
export type Step = 'each' | 'same';

/** The name of the function for inputs that move like this. */
export function patternName(steps: readonly Step[]): string {
  return steps.join(' ');
}

const namesOfEach: string[] = [];

/** The name of the function for `count` inputs that all move on: kept, for what is called in every step. */
export function patternOfEach(count: number): string {
  namesOfEach[count] ??= patternName(new Array<Step>(count).fill('each'));
  return namesOfEach[count]!;
}

/** All ways in which `count` inputs may move, but for all of them standing still. */
function patterns(count: number, broadcast: boolean): Step[][] {
  if (!broadcast) return [new Array<Step>(count).fill('each')];
  const all: Step[][] = [];
  for (let bitSet = 0; bitSet < 2 ** count - 1; bitSet++) {
    all.push(Array.from({ length: count }, (_, k) => (bitSet & (1 << k) ? 'same' : 'each')));
  }
  return all;
}

interface OperandCode {
  readonly name: string;
  readonly kind: OperandKind;
  readonly step: Step;
  /** Where the row begins. */
  readonly row: Local<'i32'>;
  readonly rowStep: Local<'i32'>;
  /** Where the next elements are. */
  readonly at: Local<'i32'>;
  /** The value of a `same` operand in this row. */
  still: Expr | null;
}

/** The function for one way of moving: `(rows, columns, pointer and row step of outputs, of inputs, parameters)`. */
function mapFunction<I extends Kinds, O extends Kinds, P extends string>(
  spec: MapSpec<I, O, P>,
  variant: Variant,
  steps: readonly Step[],
): Func {
  const type = lanesOfVariant(variant);
  const element = type === 'f32x4' ? 'f32' : 'f64';
  const outputNames = Object.keys(spec.outputs);
  const inputNames = Object.keys(spec.inputs);
  const parameterNames = spec.parameters ?? [];
  const signature = Object.fromEntries([
    ['rows', 'i32'],
    ['columns', 'i32'],
    ...[...outputNames, ...inputNames].flatMap((name) => [
      [`${name} pointer`, 'i32'],
      [`${name} row step`, 'i32'],
    ]),
    ...parameterNames.map((name) => [name, element]),
  ]) as Record<string, 'i32'>;

  return procedure(patternName(steps), signature, (code, args) => {
    const v = new Lanes<FloatVector>(type, code, isFused(variant));
    const parameters = Object.fromEntries(
      parameterNames.map((name) => [name, v.let(v.splat(args[name] as Expr as Expr<'f32'>))]),
    ) as Record<string, Expr<FloatVector>> as Record<P, Expr<FloatVector>>;
    const operand = (name: string, kind: OperandKind, step: Step): OperandCode => ({
      name,
      kind,
      step,
      row: args[`${name} pointer`]!,
      rowStep: args[`${name} row step`]!,
      at: code.local('i32'),
      still: null,
    });
    const outputs = outputNames.map((name) => operand(name, spec.outputs[name]!, 'each'));
    const inputs = inputNames.map((name, k) => operand(name, spec.inputs[name]!, steps[k]!));

    const quick = type === 'f32x4' ? spec.quick : undefined;
    type Values = ValuesOf<FloatVector, I>;
    /** The vector that lies `turn` vectors after the pointers, or (in the tail) one element in every lane. */
    const load = (turn: number, tail: boolean): Values =>
      Object.fromEntries(
        inputs.map((input) => [input.name, input.still ?? loadOperand(v, code, input, turn, tail)]),
      ) as Values;
    const single = v as Lanes<never> as Lanes<'f32x4'>;
    const quickly = (values: Values): ValuesOf<FloatVector, O> =>
      quick!.body(single, values as never, parameters as never) as ValuesOf<FloatVector, O>;
    const suits = (values: Values): Local<'i32x4'> => code.let(quick!.suits(single, values as never));
    /** What suits nobody but `body`, and what suits both. */
    const mixed = (values: Values, mask: Local<'i32x4'>): ValuesOf<FloatVector, O> => {
      const [few, most] = [spec.body(v, values, parameters), quickly(values)];
      const chosen = outputNames.map((name) => [
        name,
        single.select(mask, code.let(most[name] as Expr<'f32x4'>), few[name] as Expr<'f32x4'>),
      ]);
      return Object.fromEntries(chosen) as ValuesOf<FloatVector, O>;
    };
    const store = (results: ValuesOf<FloatVector, O>, turn: number, tail: boolean): void => {
      // All results before the first store: an output may be an input of another result.
      const kept = outputs.map(({ name }) => code.let(results[name]! as Expr));
      outputs.forEach((output, k) => {
        storeOperand(v, output, kept[k]!, turn, tail);
      });
    };
    /** Computes so many vectors, or (in the tail) one element. */
    const compute = (vectors: number, tail: boolean): void => {
      if (quick === undefined) {
        code.interleave(vectors, (turn) => store(spec.body(v, load(turn, tail), parameters), turn, tail));
        return;
      }
      const values: Values[] = [];
      const masks: Local<'i32x4'>[] = [];
      code.interleave(vectors, (turn) => {
        values[turn] = load(turn, tail);
        masks[turn] = suits(values[turn]!);
      });
      const rare = anyTrue(not(masks.reduce<Expr<'i32x4'>>((all, mask) => bits('v128.and', all, mask), masks[0]!)));
      code.if(
        rare,
        () => {
          for (let turn = 0; turn < vectors; turn++) store(mixed(values[turn]!, masks[turn]!), turn, tail);
        },
        () => code.interleave(vectors, (turn) => store(quickly(values[turn]!), turn, tail)),
      );
    };
    const loop = (elements: number, left: Local<'i32'>): void => {
      code.while(op('i32.ge_u', left, elements), () => {
        compute(Math.max(1, elements / v.width), elements === 1);
        for (const moving of [...outputs, ...inputs]) {
          if (moving.step === 'each') code.advance(moving.at, elements * bytesOf(v, moving));
        }
        code.advance(left, -elements);
      });
    };

    const left = code.local('i32');
    code.repeat(args['rows']!, () => {
      for (const { at, row } of [...outputs, ...inputs]) code.set(at, row);
      for (const input of inputs) {
        if (input.step === 'same') input.still = code.let(loadStill(v, input));
      }
      code.set(left, args['columns']!);
      const unroll = spec.unroll ?? 1;
      loop(unroll * v.width, left);
      if (unroll > 1) loop(v.width, left);
      loop(1, left);
      for (const { row, rowStep } of [...outputs, ...inputs]) code.advance(row, rowStep);
    });
  });
}

function bytesOf(v: Lanes, { kind }: OperandCode): number {
  return kind === 'bools' ? 1 : v.elementBytes;
}

function loadStill(v: Lanes, { kind, at }: OperandCode): Expr {
  return kind === 'bools' ? v.loadMaskSplat(at) : v.loadSplat(at);
}

function loadOperand(v: Lanes, code: Code, input: OperandCode, turn: number, tail: boolean): Expr {
  if (tail) return code.let(loadStill(v, input));
  const offset = turn * v.width * bytesOf(v, input);
  return code.let<'f32x4' | 'f64x2' | 'i32x4' | 'i64x2'>(
    input.kind === 'bools' ? v.loadMask(input.at, offset) : v.load(input.at, offset),
  );
}

function storeOperand(v: Lanes, { kind, at }: OperandCode, value: Expr, turn: number, tail: boolean): void {
  if (kind === 'bools') {
    if (tail) v.storeMaskLane(at, value as Expr<'i32x4'>);
    else v.storeMask(at, value as Expr<'i32x4'>, turn * v.width);
  } else {
    if (tail) v.storeLane(at, value as Expr<'f32x4'>, 0);
    else v.store(at, value as Expr<'f32x4'>, turn * 16);
  }
}

/** An elementwise computation that is ready to be compiled. */
export interface MapKernel {
  readonly name: string;
  readonly inputs: readonly OperandKind[];
  readonly outputs: readonly OperandKind[];
  /** The functions of its module for float32 or float64 lanes. */
  functions(variant: Variant): readonly Func[];
  /** The compiled function for inputs that move like this; see `mapFunction` for what it takes. */
  run(type: FloatVector, pattern: string): WasmFunction | undefined;
}

/**
 * An elementwise kernel from one body.
 *
 * @example
 * const axpy = mapKernel({
 *   name: 'axpy', inputs: { x: 'elements', y: 'elements' }, outputs: { out: 'elements' }, parameters: ['a'],
 *   body: (v, { x, y }, { a }) => ({ out: v.add(v.mul(a, x), y) }),
 * });
 */
export function mapKernel<const I extends Kinds, const O extends Kinds, const P extends string = never>(
  spec: MapSpec<I, O, P>,
): MapKernel {
  const functions = (variant: Variant): readonly Func[] =>
    patterns(Object.keys(spec.inputs).length, spec.broadcast ?? true).map((steps) => mapFunction(spec, variant, steps));
  const module = lazyModule(functions);
  return {
    name: spec.name,
    inputs: Object.values(spec.inputs),
    outputs: Object.values(spec.outputs),
    functions,
    run: (type, pattern) => module(spec.fuses ? variantFor(type) : type)[pattern],
  };
}
