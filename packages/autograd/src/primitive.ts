/**
 * A primitive is an operation with its derivative, declared in one row; `apply` is the one place where a kernel runs and
 * the tape records. Everything else (backward, jvp, the tests, the docs) asks the row.
 */

import {
  type Block,
  copyInto,
  type DType,
  Form,
  floatingDType,
  isFloating,
  type Kernel,
  type Layout,
  promoteDTypes,
  type Shape,
  shapesEqual,
} from '@cotangent/kernels';
import { inspectResult } from './anomaly.js';
import type { Mapping } from './mapping.js';
import { modes } from './modes.js';
import type { Profiler } from './profile.js';
import { scopes } from './scope.js';
import { Node, ownByTape } from './tape.js';
import { liveTangents, type Tangent, Tensor } from './tensor.js';
import type { Tracer } from './tracer.js';

/** What a derivative may look at: the named inputs, and the result under the name `out`. */
export type Env<I extends string> = Readonly<Record<I | 'out', Tensor>>;

/** For each input: which of those its vjp needs alive until the backward pass. */
export type Keeps<I extends string> = Readonly<Record<I, readonly (I | 'out')[]>>;

/**
 * How inputs are brought to a dtype before anything else happens, once, here:
 * `any` leaves them alone; `common` promotes them to one dtype; `floating` promotes them to one floating dtype.
 */
export type Promotion = 'any' | 'common' | 'floating';

/** Where an operation is smooth: tests draw their inputs from there, and docs print it. */
export interface Domain {
  /** Smallest and largest value to draw, for each input. @defaultValue −2 to 2 */
  readonly range?: readonly [number, number];
  /** Points at which the derivative jumps or does not exist; drawn values keep their distance. */
  readonly kinks?: readonly number[];
  /** In words, for the docs. */
  readonly note?: string;
}

/** A call inside `vmap`: the same operation for each of `size` examples. */
export interface BatchCall<A> {
  readonly row: Primitive<never>;
  /** Where `mapped` says so, all examples along a first axis; else one tensor that they share. At least one is mapped. */
  readonly inputs: readonly Tensor[];
  readonly mapped: readonly boolean[];
  readonly attributes: A;
  readonly size: number;
  /** Of the result of one example. */
  readonly shape: Shape;
}

/** Runs the call for all examples at once; gives the results along a first axis. In tensor operations, as derivatives are. */
export type BatchRule<A> = (call: BatchCall<A>) => Tensor;

/** What is said once about an operation. Families (families.ts) fill in most of it. */
export interface PrimitiveSpec<I extends string, A, K extends Keeps<I>> {
  readonly name: string;
  readonly inputs: readonly I[];
  readonly promotion?: Promotion;
  /** Shape of the result; throws ShapeError. Runs before any memory is touched. */
  shape(shapes: Readonly<Record<I, Shape>>, attributes: A): Shape;
  /** Dtype of the result; throws DTypeError. @defaultValue that of the first input */
  dtype?(dtypes: Readonly<Record<I, DType>>, attributes: A): DType;
  /** The only mention of a kernel. */
  readonly run: Kernel<A>;
  /** Where the result is the first input's memory seen otherwise: its layout, or null when this one takes a copy. */
  view?(x: Layout, attributes: A): Layout | null;
  readonly keeps: K;
  /**
   * What the vjps have in common (the cotangent before an activation, a fused backward of several inputs): computed once from
   * the cotangent of the result, and given to each in its place. `wanted`: which inputs will ask.
   */
  readonly shared?: {
    /** What it needs alive until the backward pass, besides what the vjps keep. */
    readonly keeps: readonly (I | 'out')[];
    pull(g: Tensor, kept: Env<I>, attributes: A, wanted: readonly boolean[]): Tensor;
  };
  /** One cotangent rule per input, seeing nothing but what `keeps` lists for it; null says "no derivative". */
  readonly vjp: {
    readonly [P in I]: ((g: Tensor, kept: Pick<Env<I>, K[P][number]>, attributes: A, shape: Shape) => Tensor) | null;
  };
  /** One tangent rule per input; `apply` adds them up. */
  readonly jvp: { readonly [P in I]: ((t: Tensor, env: Env<I>, attributes: A) => Tensor) | null };
  /** How vmap runs it (rules for most are in batching.ts). @defaultValue one example after the other */
  readonly batch?: BatchRule<A>;
  readonly domain?: Domain;
}

/** A call that was found valid, and the form of its result: of the same shapes, dtypes and attributes there is no more to ask. */
class KnownCall {
  constructor(
    readonly shapes: readonly Shape[],
    readonly dtypes: readonly DType[],
    readonly attributes: unknown,
    readonly form: Form,
  ) {}

  fits(inputs: readonly Tensor[], attributes: unknown): boolean {
    const { shapes, dtypes } = this;
    if (attributes !== this.attributes || inputs.length !== shapes.length) return false;
    for (let i = 0; i < inputs.length; i++) {
      const { shape, dtype } = inputs[i]!;
      if (dtype !== dtypes[i] || !shapesEqual(shape, shapes[i]!)) return false;
    }
    return true;
  }
}

/** As many calls of a row are remembered: the layers of a model that share one. */
const mostKnownCalls = 16;

/**
 * A row made ready to run. One class for all of them keeps `apply` monomorphic.
 *
 * @example
 * const row = elementwise('cube', { run: mapUnary((x) => x ** 3), uses: ['x'], derivative: ({ x }) => x.square().mul(3) });
 * row instanceof Primitive; // → true
 * row.name; // → cube
 */
export class Primitive<A = unknown> {
  /** What `hasVjp` and `keeps` say of each input, where their number is fixed: asked for every recorded operation. */
  readonly differentiable: readonly boolean[] | null;
  readonly kept: readonly (readonly number[])[] | null;
  private readonly known: KnownCall[] = [];
  /** Which of those the next one takes the place of, once there are enough. */
  private oldest = 0;

  constructor(
    readonly name: string,
    readonly promotion: Promotion,
    /** Names of the inputs; null where their number varies. */
    readonly inputs: readonly string[] | null,
    readonly shape: (inputs: readonly Tensor[], attributes: A) => Shape,
    readonly dtype: (inputs: readonly Tensor[], attributes: A) => DType,
    readonly run: Kernel<A>,
    readonly view: ((x: Layout, attributes: A) => Layout | null) | null,
    /** For input i: indices of the inputs its vjp needs, and −1 for the result. */
    readonly keeps: (i: number) => readonly number[],
    readonly hasVjp: (i: number) => boolean,
    /** The cotangent of input i. */
    readonly pull: (i: number, g: Tensor, node: Node) => Tensor,
    /** What the tangent `t` of input i adds to the tangent of the result; null when nothing. */
    readonly push: (i: number, t: Tensor, inputs: readonly Tensor[], out: Tensor, attributes: A) => Tensor | null,
    /** Runs it for all examples of a vmap at once; null where that goes one example after the other. */
    readonly batch: BatchRule<A> | null,
    readonly domain: Domain,
    /** What `pull` is to be given in place of the cotangent, computed once a node; null where that is the cotangent. */
    readonly begin: ((g: Tensor, node: Node) => Tensor) | null = null,
  ) {
    this.differentiable = inputs?.map((_, i) => hasVjp(i)) ?? null;
    this.kept = inputs?.map((_, i) => keeps(i)) ?? null;
  }

  /** The form of the result, if a call like this has been checked before. */
  recall(inputs: readonly Tensor[], attributes: A): Form | null {
    const { known } = this;
    for (let k = 0; k < known.length; k++) if (known[k]!.fits(inputs, attributes)) return known[k]!.form;
    return null;
  }

  /** Checks a call. It is remembered unless somebody could change its attributes. @throws ShapeError, DTypeError */
  check(inputs: readonly Tensor[], attributes: A): Form {
    const shape = this.shape(inputs, attributes);
    const form = new Form(this.dtype(inputs, attributes), shape);
    if (attributes === undefined || Object.isFrozen(attributes)) {
      const shapes = inputs.map(({ shape }) => shape);
      const dtypes = inputs.map(({ dtype }) => dtype);
      this.known[this.oldest] = new KnownCall(shapes, dtypes, attributes, form);
      this.oldest = (this.oldest + 1) % mostKnownCalls;
    }
    return form;
  }
}

type EnvMaker<I extends string> = (inputs: readonly Tensor[], out: Tensor | null) => Env<I>;

/**
 * For lists of names that many rows share, what gives the tensors of a call by name, written out: objects of one shape, whose
 * properties V8 reads without a search.
 */
const commonEnvironments: Readonly<Record<string, (inputs: readonly Tensor[], out: Tensor | null) => object>> = {
  x: (inputs, out) => ({ x: inputs[0], out }),
  'a,b': (inputs, out) => ({ a: inputs[0], b: inputs[1], out }),
  'x,kernel,bias': (inputs, out) => ({ x: inputs[0], kernel: inputs[1], bias: inputs[2], out }),
};

function environmentMaker<I extends string>(names: readonly I[]): EnvMaker<I> {
  const common = commonEnvironments[names.join(',')];
  if (common !== undefined) return common as EnvMaker<I>;
  const Environment = environmentClass(names);
  return (inputs, out) => new Environment(inputs, out);
}

/** A class whose instances give the tensors of a call by name: `({ a, b, out }) => …` costs two getters, no object per name. */
function environmentClass<I extends string>(
  names: readonly I[],
): new (
  inputs: readonly Tensor[],
  out: Tensor | null,
) => Env<I> {
  class Environment {
    constructor(
      readonly values: readonly Tensor[],
      readonly out: Tensor | null,
    ) {}
  }
  for (const [i, name] of names.entries()) {
    Object.defineProperty(Environment.prototype, name, {
      get(this: Environment) {
        return this.values[i];
      },
    });
  }
  return Environment as never;
}

/** A class whose instances give one property of the inputs by name. */
function propertyClass<P extends 'shape' | 'dtype', I extends string>(
  property: P,
  names: readonly I[],
): new (
  inputs: readonly Tensor[],
) => Readonly<Record<I, Tensor[P]>> {
  class Properties {
    constructor(readonly values: readonly Tensor[]) {}
  }
  for (const [i, name] of names.entries()) {
    Object.defineProperty(Properties.prototype, name, {
      get(this: Properties) {
        return this.values[i]![property];
      },
    });
  }
  return Properties as never;
}

/** Through what the rules of a row see a call. */
function makeClasses<I extends string>(names: readonly I[]) {
  return {
    environment: environmentMaker(names),
    Shapes: propertyClass('shape', names),
    DTypes: propertyClass('dtype', names),
  };
}

const classesByNames = new Map<string, unknown>();

/** Rows whose inputs have the same names share their classes: making them takes longer than all the rest of a row. */
function classesFor<I extends string>(names: readonly I[]): ReturnType<typeof makeClasses<I>> {
  const key = names.join();
  let classes = classesByNames.get(key);
  if (classes === undefined) {
    classes = makeClasses(names);
    classesByNames.set(key, classes);
  }
  return classes as ReturnType<typeof makeClasses<I>>;
}

/**
 * Declares a primitive with a fixed list of inputs.
 *
 * @example
 * const cube = primitive({
 *   name: 'cube',
 *   inputs: ['x'],
 *   promotion: 'floating',
 *   shape: ({ x }) => x,
 *   run: mapUnary((x) => x ** 3),
 *   keeps: { x: ['x'] },
 *   vjp: { x: (g, { x }) => g.mul(x.square().mul(3)) },
 *   jvp: { x: (t, { x }) => t.mul(x.square().mul(3)) },
 * });
 * grad((x: Tensor) => apply(cube, [x], undefined).sum())(tensor([1, 2])); // → [3, 12]
 */
export function primitive<const I extends string, A, const K extends Keeps<NoInfer<I>>>(
  spec: PrimitiveSpec<I, A, K>,
): Primitive<A> {
  const names = spec.inputs;
  const { environment, Shapes, DTypes } = classesFor(names);
  const indexOf = (name: string): number => (name === 'out' ? -1 : names.indexOf(name as I));
  const { shared } = spec;
  const keeps = names.map((name) =>
    spec.vjp[name] === null ? [] : [...new Set([...spec.keeps[name], ...(shared?.keeps ?? [])].map(indexOf))],
  );
  const looks = names.map((name) => spec.keeps[name].length > 0);
  const vjps = names.map((name) => spec.vjp[name]);
  const jvps = names.map((name) => spec.jvp[name]);
  return new Primitive<A>(
    spec.name,
    spec.promotion ?? 'any',
    names,
    (inputs, attributes) => spec.shape(new Shapes(inputs), attributes),
    spec.dtype === undefined
      ? (inputs) => inputs[0]!.dtype
      : (inputs, attributes) => spec.dtype!(new DTypes(inputs), attributes),
    spec.run,
    spec.view ?? null,
    (i) => keeps[i]!,
    (i) => vjps[i] !== null,
    (i, g, node) => {
      const { inputs, output, attributes } = node;
      const env = looks[i] ? environment(inputs, output) : nothingKept;
      return vjps[i]!(g, env as Env<I>, attributes as A, inputs[i]!.shape);
    },
    (i, t, inputs, out, attributes) => jvps[i]?.(t, environment(inputs, out), attributes) ?? null,
    spec.batch ?? null,
    spec.domain ?? {},
    shared === undefined
      ? null
      : (g, node) => shared.pull(g, environment(node.inputs, node.output), node.attributes as A, node.wanted),
  );
}

/** What a rule sees that asks for nothing. */
const nothingKept: object = Object.freeze({});

/**
 * A primitive over any number of like inputs (`concat`): linear in each, with one rule for all.
 *
 * @example
 * const total = variadic<undefined>({
 *   name: 'total',
 *   shape: ([first]) => first!,
 *   run: (out, inputs) => out.data.forEach((_, i) => (out.data[i] = inputs.reduce((sum, x) => sum + x.data[i]!, 0))),
 *   transpose: (g) => g,
 *   place: (t) => t,
 * });
 * apply(total, [tensor([1, 2]), tensor([3, 4]), tensor([5, 6])], undefined).shape; // → [2]
 */
export function variadic<A>(spec: {
  readonly name: string;
  readonly promotion?: Promotion;
  shape(shapes: readonly Shape[], attributes: A): Shape;
  readonly run: Kernel<A>;
  /** The cotangent of input i. */
  transpose(g: Tensor, i: number, shapes: readonly Shape[], attributes: A): Tensor;
  /** What a tangent of input i alone becomes. */
  place(t: Tensor, i: number, shapes: readonly Shape[], attributes: A): Tensor;
  readonly batch?: BatchRule<A>;
  readonly domain?: Domain;
}): Primitive<A> {
  const shapesOf = (inputs: readonly Tensor[]): Shape[] => inputs.map((input) => input.shape);
  const nothing: readonly number[] = [];
  return new Primitive<A>(
    spec.name,
    spec.promotion ?? 'common',
    null,
    (inputs, attributes) => spec.shape(shapesOf(inputs), attributes),
    (inputs) => inputs[0]!.dtype,
    spec.run,
    null,
    () => nothing,
    () => true,
    (i, g, node) => spec.transpose(g, i, shapesOf(node.inputs), node.attributes as A),
    (i, t, inputs, _, attributes) => spec.place(t, i, shapesOf(inputs), attributes),
    spec.batch ?? null,
    spec.domain ?? {},
  );
}

/**
 * Runs a primitive: checks, allocates, calls the kernel, records. Calls inside `vmap` and on tensors without numbers go to whoever
 * stands for the kernel there.
 *
 * @throws ShapeError, DTypeError as the row says; ReleasedTensorError when an input's memory is gone
 * @example
 * const cube = elementwise('cube', { run: mapUnary((x) => x ** 3), uses: ['x'], derivative: ({ x }) => x.square().mul(3) });
 * apply(cube, [tensor([1, 2])], undefined); // → [1, 8]
 */
export function apply<A>(row: Primitive<A>, given: readonly Tensor[], attributes: A): Tensor {
  const known = row.recall(given, attributes);
  const inputs = known !== null || row.promotion === 'any' ? given : promote(row.promotion, given);
  const form = known ?? row.check(inputs, attributes);
  const { shape, dtype } = form;

  const { recording, profiler } = modes;
  let tracked = false;
  let severed = false;
  let dual = false;
  let mapping: Mapping | null = null;
  let tracer: Tracer | null = null;
  for (let i = 0; i < inputs.length; i++) {
    const input = inputs[i]!;
    if (recording && (input.node !== null || input.severed) && (row.differentiable?.[i] ?? row.hasVjp(i))) {
      if (input.node !== null && isFloating(dtype)) tracked = true;
      if (input.severed) severed = true;
    }
    if (input.tangents !== null) dual = true;
    if (input.batch !== null) mapping = innermost(mapping, input.batch.mapping);
    if (input.tracer !== null) tracer = input.tracer;
  }
  if (tracer !== null) return tracer.apply(row, inputs, attributes, shape, dtype);
  if (mapping !== null) return mapping.apply(row, inputs, attributes, shape);

  const scope = scopes.current;
  const loose = scope === null && !tracked;
  const block =
    profiler === null
      ? compute(row, inputs, attributes, form, loose)
      : timed(profiler, row, inputs, attributes, form, loose);
  const out = new Tensor(block, row.name);
  if (tracked) {
    out.node = new Node(row as Primitive, inputs, attributes, out);
    if (profiler !== null) profiler.remember(out.node);
  }
  out.severed = severed;
  if (scope !== null) scope.adopt(out);
  else if (tracked) ownByTape(out);
  if (modes.anomalies !== null) inspectResult(row.name, inputs, out);
  if (dual) out.attachTangents(pushTangents(row, inputs, out, attributes, 0));
  return out;
}

/** Of two running `vmap`s, the one inside the other: its examples may be tensors of the outer one. */
function innermost(a: Mapping | null, b: Mapping): Mapping {
  return a === null || b.level > a.level ? b : a;
}

/** In a function of its own: where nothing is measured, no closure is made. */
function timed<A>(
  profiler: Profiler,
  row: Primitive<A>,
  inputs: readonly Tensor[],
  attributes: A,
  form: Form,
  loose: boolean,
): Block {
  return profiler.time(row.name, 'forward', form.shape, form.dtype, () =>
    compute(row, inputs, attributes, form, loose),
  );
}

function compute<A>(row: Primitive<A>, inputs: readonly Tensor[], attributes: A, form: Form, loose: boolean): Block {
  if (row.view !== null) {
    const x = inputs[0]!;
    const layout = row.view(x.block, attributes);
    if (layout !== null) {
      if (!(loose && x.owner !== null)) {
        x.block.storage.claim();
        return x.block.view(layout);
      }
      // Somebody will release x, and nobody would release a view of it: the view gets memory of its own.
      const copied = form.newBlock(loose);
      copyInto(copied, x.block.view(layout));
      return copied;
    }
  }
  const blocks = blocksOf(inputs);
  const out = form.newBlock(loose);
  try {
    row.run(out, blocks, attributes);
  } catch (error) {
    out.storage.release();
    throw error;
  }
  return out;
}

function blocksOf(inputs: readonly Tensor[]): readonly Block[] {
  if (inputs.length === 1) return [inputs[0]!.block];
  if (inputs.length === 2) return [inputs[0]!.block, inputs[1]!.block];
  return inputs.map((input) => input.block);
}

// ---- promotion ------------------------------------------------------------------------------------------------------

function promote(promotion: Promotion, inputs: readonly Tensor[]): readonly Tensor[] {
  let dtype = inputs[0]!.dtype;
  for (let i = 1; i < inputs.length; i++) dtype = promoteDTypes(dtype, inputs[i]!.dtype);
  if (promotion === 'floating') dtype = floatingDType(dtype);
  return inputs.every((input) => input.dtype === dtype) ? inputs : inputs.map((input) => input.cast(dtype));
}

// ---- forward mode ---------------------------------------------------------------------------------------------------

/** The same value with other tangents; it shares memory and place on the tape. */
export function withTangents(x: Tensor, tangents: readonly Tangent[] | null): Tensor {
  if (x.tangents === tangents) return x;
  const alias = x.another();
  alias.node = x.node;
  alias.tangents = tangents;
  alias.severed = x.severed;
  if (scopes.current !== null) scopes.current.adopt(alias);
  return alias;
}

/** The same value without the tangents from `level` up. */
export const below = (x: Tensor, level: number): Tensor => {
  if (x.tangents === null) return x;
  const lower = liveTangents(x).filter(({ run }) => run.level < level);
  return withTangents(x, lower.length === 0 ? null : lower);
};

/** The result's tangents of the levels from `from`, one by one; each sees the levels below it as parts of the value. */
export function pushTangents<A>(
  row: Primitive<A>,
  inputs: readonly Tensor[],
  out: Tensor,
  attributes: A,
  from: number,
): readonly Tangent[] | null {
  const runs = new Set(inputs.flatMap((input) => liveTangents(input).map(({ run }) => run)));
  const tangents: Tangent[] = [];
  for (const run of [...runs].filter(({ level }) => level >= from).sort((a, b) => a.level - b.level)) {
    const lowerInputs = inputs.map((input) => below(input, run.level));
    const lowerOut = withTangents(out, tangents.length === 0 ? null : [...tangents]);
    let total: Tensor | null = null;
    for (let i = 0; i < inputs.length; i++) {
      const tangent = inputs[i]!.tangents?.find((candidate) => candidate.run === run);
      if (tangent === undefined) continue;
      const term = row.push(i, tangent.value, lowerInputs, lowerOut, attributes);
      if (term !== null) total = total === null ? term : total.add(term);
    }
    if (total !== null) tangents.push({ run, value: total });
  }
  return tangents.length === 0 ? null : tangents;
}
