/** Modules: what holds parameters, and the functions that use them. */

import {
  type HookHandle,
  isTraining,
  noGrad,
  predictMode,
  scope,
  type Tensor,
  whereabouts,
  zeros,
} from '@cotangent/autograd';
import { ArgumentError, CotangentError, type Shape } from '@cotangent/kernels';
import { deepCopy } from './clone.js';
import { type BackwardHook, type ForwardHook, type ForwardPreHook, GradientWatch, handle } from './hooks.js';
import type { Json } from './io/json.js';
import { printSummary, type SummaryOptions, summaryOf, summaryText } from './model/summary.js';
import { htmlTable, Shown } from './notebook/display.js';
import { checkOptions, shown } from './options.js';
import { Buffer, Parameter, Variable } from './parameter.js';
import { type LoadedState, type LoadStateOptions, loadState, type StateDict, stateOf } from './state.js';
import { outputShapesOf, symbolically, tracing } from './tracing.js';

/** A place in a module where a parameter or a module stands: `holder[key]`. */
export interface Slot {
  readonly path: string;
  readonly holder: Record<string, unknown>;
  readonly key: string;
}

/** Modules being called, outermost first: where an error happened is the path from the first to the last. */
const calling: Module[] = [];

/** The paths of all modules below the outermost one, made when first asked for in its call. */
let places: ReadonlyMap<Module, string> | null = null;

/**
 * Base of layers and models. Write `forward`; call `call`.
 *
 * Parameters and modules assigned to fields (or held in arrays and plain objects there) are found by themselves, in the
 * order of assignment, and named by their path: `encoder.0.kernel`.
 *
 * @example
 * class Residual extends nn.Module {
 *   inner = new nn.Dense({ units: 16, activation: 'relu' });
 *   forward(x: Tensor) {
 *     return x.add(this.inner.call(x));
 *   }
 * }
 */
export abstract class Module extends Shown {
  private ownTraining = true;
  private ownTrainable = true;
  private added: readonly Tensor[] = [];
  private forwardPreHooks: readonly ForwardPreHook[] = [];
  private forwardHooks: readonly ForwardHook[] = [];
  private backwardHooks: readonly BackwardHook[] = [];

  /**
   * Whether layers like Dropout behave as in training. Set it for the whole tree with `train()` and `eval()`; inside `record`,
   * `pause`, `fit` and `predict` it is what those say. @defaultValue true
   */
  get training(): boolean {
    return isTraining() ?? this.ownTraining;
  }

  set training(training: boolean) {
    this.ownTraining = training;
  }

  /** What the module computes. Called by `call`, never directly. */
  // biome-ignore lint/suspicious/noExplicitAny: a subclass says what it takes and gives
  abstract forward(...inputs: any[]): any;

  /**
   * Runs the module. Errors from inside are prefixed with the path of the module that raised them.
   *
   * @throws ArgumentError for a class without `forward`; whatever `forward` throws
   */
  call(...inputs: Parameters<this['forward']>): ReturnType<this['forward']> {
    if (typeof this.forward !== 'function')
      throw new ArgumentError(
        this.constructor.name,
        'it has no method forward',
        'Write what the module computes in forward(x) { … }.',
      );
    const described = symbolically.call?.(this, inputs);
    if (described !== undefined) return described as ReturnType<this['forward']>;
    if (calling.push(this) === 1) this.added = [];
    try {
      const hooked = this.forwardPreHooks.length + this.forwardHooks.length + this.backwardHooks.length > 0;
      const output = hooked ? this.callWithHooks(inputs) : this.forward(...inputs);
      this.afterForward(inputs, output);
      tracing.visit?.(this, output);
      return output;
    } catch (error) {
      if (error instanceof CotangentError && error.path === undefined) locate(error);
      throw error;
    } finally {
      calling.pop();
      if (calling.length === 0) places = null;
    }
  }

  /** What a kind of module does once it knows what a call gives. */
  protected afterForward(_inputs: readonly unknown[], _output: unknown): void {}

  private callWithHooks(given: readonly unknown[]): ReturnType<this['forward']> {
    let inputs = given;
    for (const hook of this.forwardPreHooks) inputs = hook(this, inputs) ?? inputs;
    const watch = this.backwardHooks.length === 0 ? null : new GradientWatch(this, this.backwardHooks);
    let output: unknown = this.forward(...(watch?.inputs(inputs) ?? inputs));
    for (const hook of this.forwardHooks) output = hook(this, inputs, output) ?? output;
    return (watch?.outputs(output) ?? output) as ReturnType<this['forward']>;
  }

  /** Calls `hook` before `forward`; the inputs it returns, in a list, take the place of those given. */
  registerForwardPreHook(hook: ForwardPreHook): HookHandle {
    this.forwardPreHooks = [...this.forwardPreHooks, hook];
    return handle(() => {
      this.forwardPreHooks = this.forwardPreHooks.filter((other) => other !== hook);
    });
  }

  /** Calls `hook` after `forward`; what it returns, unless nothing, takes the place of the output. */
  registerForwardHook(hook: ForwardHook): HookHandle {
    this.forwardHooks = [...this.forwardHooks, hook];
    return handle(() => {
      this.forwardHooks = this.forwardHooks.filter((other) => other !== hook);
    });
  }

  /**
   * Calls `hook` in every backward pass through a call of this module, once the gradients of its inputs and outputs are there (in
   * the order of the tensors among them; null for one that no gradient reaches). It only looks, at copies: change
   * gradients with `registerHook` of a tensor.
   */
  registerBackwardHook(hook: BackwardHook): HookHandle {
    this.backwardHooks = [...this.backwardHooks, hook];
    return handle(() => {
      this.backwardHooks = this.backwardHooks.filter((other) => other !== hook);
    });
  }

  /** Direct parts: parameters and modules in fields, arrays and plain objects, with the path to each. */
  protected parts(): [path: string, part: Variable | Module][] {
    return this.slots().map(({ path, holder, key }) => [path, holder[key] as Variable | Module]);
  }

  /** Where the direct parts stand. @internal */
  slots(): Slot[] {
    const found: Slot[] = [];
    const searched = new Set<object>(); // plain objects may lead back to themselves
    const search = (holder: object, path: (key: string) => string): void => {
      searched.add(holder);
      for (const [key, value] of Object.entries(holder)) {
        if (value instanceof Variable || value instanceof Module)
          found.push({ path: path(key), holder: holder as Slot['holder'], key });
        else if (typeof value === 'object' && value !== null && !searched.has(value)) {
          if (Array.isArray(value) || isPlain(value)) search(value, (inner) => `${path(key)}.${inner}`);
        }
      }
    };
    search(this, (key) => key);
    return found;
  }

  /** This module and all inside it, outermost first, each once. The path of the module itself is ''. */
  namedModules(): [path: string, module: Module][] {
    const found: [string, Module][] = [];
    const seen = new Set<Module>();
    const visit = (module: Module, path: string): void => {
      if (seen.has(module)) return;
      seen.add(module);
      found.push([path, module]);
      for (const [name, part] of module.parts())
        if (part instanceof Module) visit(part, path === '' ? name : `${path}.${name}`);
    };
    visit(this, '');
    return found;
  }

  /** Every parameter inside, each once (shared ones under their first path), with its path. */
  namedParameters(): [path: string, parameter: Parameter][] {
    return this.namedVariables().filter((named): named is [string, Parameter] => named[1] instanceof Parameter);
  }

  /** Every buffer inside, each once, with its path. */
  namedBuffers(): [path: string, buffer: Buffer][] {
    return this.namedVariables().filter((named): named is [string, Buffer] => named[1] instanceof Buffer);
  }

  /** Parameters and buffers, in the order of assignment, each once. @internal */
  namedVariables(): [path: string, variable: Variable][] {
    const found: [string, Variable][] = [];
    const seen = new Set<Variable>();
    for (const [path, module] of this.namedModules()) {
      for (const [name, part] of module.parts()) {
        if (!(part instanceof Variable) || seen.has(part)) continue;
        seen.add(part);
        found.push([path === '' ? name : `${path}.${name}`, part]);
      }
    }
    return found;
  }

  /** Parameters and buffers in fields of this module itself. @internal */
  ownVariables(): Variable[] {
    return this.parts().flatMap(([, part]) => (part instanceof Variable ? [part] : []));
  }

  /** Every parameter inside, each once. */
  parameters(): Parameter[] {
    return this.namedParameters().map(([, parameter]) => parameter);
  }

  /** Every buffer inside, each once. */
  buffers(): Buffer[] {
    return this.namedBuffers().map(([, buffer]) => buffer);
  }

  /** The modules in fields, arrays and plain objects of this one, with their names. */
  namedChildren(): [name: string, module: Module][] {
    return this.parts().filter((named): named is [string, Module] => named[1] instanceof Module);
  }

  /** Calls `visit` with every module inside and then this one, children before parents, each once. */
  apply(visit: (module: Module) => void): this {
    for (const [, module] of this.namedModules().reverse()) visit(module);
    return this;
  }

  /**
   * Number of numbers in the parameters and buffers that have a value; with `trainable` true only of those that optimizers change, with
   * false of the others.
   */
  countParameters(options: { trainable?: boolean } = {}): number {
    return this.namedVariables()
      .map(([, variable]) => variable)
      .filter((v) => v.hasValue && (options.trainable === undefined || v.requiresGrad === options.trainable))
      .reduce((total, v) => total + v.size, 0);
  }

  /**
   * Whether the parameters of this module and all inside it are learned. Setting it to false freezes them all (and batch
   * normalization then uses its running statistics in training too, as in Keras); setting it to true thaws them all.
   * @defaultValue true
   */
  get trainable(): boolean {
    return this.ownTrainable;
  }

  set trainable(trainable: boolean) {
    if (typeof trainable !== 'boolean')
      throw new ArgumentError('trainable', `got ${shown(trainable)}; expected true or false`);
    for (const [, module] of this.namedModules()) module.ownTrainable = trainable;
    for (const parameter of this.parameters()) parameter.trainable = trainable;
  }

  /** Adds a penalty to what `losses()` gives until the next call: for layers that regularize what they compute. */
  protected addLoss(loss: Tensor): void {
    const outermost = calling[0] ?? this;
    outermost.added = [...outermost.added, loss];
  }

  /**
   * What is to be added to the loss: the penalties of regularized parameters, and those that layers added in the last call of this
   * module. `fit` adds them by itself; a loop of your own adds them up.
   *
   * @example
   * const penalized = new nn.Dense({ units: 1, kernelRegularizer: 'l2' });
   * const loss = penalized.call(x).square().mean();
   * const total = penalized.losses().reduce((sum, penalty) => sum.add(penalty), loss);
   * total.greater(loss); // → true
   */
  losses(): Tensor[] {
    const penalties = this.parameters().flatMap((p) => (p.regularizer === null ? [] : [p.regularizer.apply(p)]));
    return [...penalties, ...this.added];
  }

  /**
   * Copies of all parameters and buffers that have a value, by path: a snapshot that later steps do not change.
   *
   * @example
   * const best = net.stateDict();
   * net.loadStateDict(best);
   */
  stateDict(): StateDict {
    return stateOf(this);
  }

  /**
   * Sets parameters and buffers, by path; those without a shape yet take it from the state. Nothing is changed if anything is refused.
   *
   * @param options `strict` refuses missing and unexpected paths. @defaultValue strict true
   * @returns the paths that were missing and unexpected
   * @throws ArgumentError that lists missing and unexpected paths and shapes that differ; other shapes and dtypes are refused in any case
   */
  loadStateDict(state: StateDict, options: LoadStateOptions = {}): LoadedState {
    return loadState(this, state, options);
  }

  /**
   * What this module keeps besides parameters and buffers, as plain data (a vocabulary); null for nothing. Checkpoints store it.
   *
   * @see https://pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.get_extra_state
   */
  extraState(): Json {
    return null;
  }

  /** Goes on from what `extraState` gave. */
  loadExtraState(_state: Json): void {}

  /** The extra states of this module and all inside it, by path, where they have any. */
  extraStates(): Record<string, Json> {
    return Object.fromEntries(
      this.namedModules()
        .map(([path, module]): [string, Json] => [path, module.extraState()])
        .filter(([, state]) => state !== null),
    );
  }

  /** Hands every module its extra state. Modules that are not named keep theirs. */
  loadExtraStates(states: Readonly<Record<string, Json>>): void {
    for (const [path, module] of this.namedModules())
      if (Object.hasOwn(states, path)) module.loadExtraState(states[path]!);
  }

  /**
   * Prints the modules inside, their output shapes and parameters.
   *
   * @param options `inputShape` of one sample, without the batch axis, to learn the output shapes from: the module is then run once on zeros;
   *   `print` receives the table. @defaultValue shapes unknown, console.log
   * @example
   * net.summary();
   */
  summary(options: SummaryOptions = {}): void {
    checkOptions('summary', options, ['inputShape', 'print']);
    const { inputShape } = options;
    printSummary(this, inputShape === undefined ? null : this.dryRun(inputShape), options);
  }

  /** The table of `summary` as HTML, with the output shapes that are known from a call. Notebooks show it. */
  override toHTML(): string {
    const { title, cells, total } = summaryOf(this, this.knownShapes);
    return htmlTable(title, cells, total);
  }

  /** The table of `summary`, with the output shapes that are known from a call. */
  override toString(): string {
    return summaryText(summaryOf(this, this.knownShapes));
  }

  /** Output shapes of the modules inside, where somebody has kept them. */
  protected get knownShapes(): ReadonlyMap<Module, Shape> | null {
    return null;
  }

  /** Runs on zeros, of the dtype of the first parameter, in inference mode; the shapes of all outputs, by module. */
  protected dryRun(inputShape: Shape): Map<Module, Shape> {
    const dtype = this.parameters()[0]?.dtype ?? 'float32';
    const run = (): unknown => this.call(...([zeros([1, ...inputShape], { dtype })] as never));
    return outputShapesOf(() => noGrad(() => scope(() => predictMode(run))))[1];
  }

  /** A copy of this module and all inside it, with parameters and buffers of its own; what was shared inside is shared in the copy. */
  clone(): this {
    return deepCopy(this, (value) => value instanceof Module);
  }

  /** Switches this module and all inside it to training behaviour, or with `false` to inference. */
  train(training: boolean = true): this {
    for (const [, module] of this.namedModules()) module.training = training;
    return this;
  }

  /** Switches this module and all inside it to inference behaviour. */
  eval(): this {
    return this.train(false);
  }

  /** Forgets the gradients of every parameter. */
  zeroGrad(): void {
    for (const parameter of this.parameters()) parameter.zeroGrad();
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

whereabouts.current = () => {
  const innermost = calling.at(-1);
  return innermost && placeOf(innermost);
};

/** Names the innermost module by its path from the outermost; by its class where it has none (the outermost itself). */
function locate(error: CotangentError): void {
  error.locate(placeOf(calling[calling.length - 1]!));
}

function placeOf(innermost: Module): string {
  // A layer may have been made during the call.
  if (!places?.has(innermost)) places = new Map(calling[0]!.namedModules().map(([path, module]) => [module, path]));
  const path = places.get(innermost) ?? '';
  return path === '' ? innermost.constructor.name : `${path} (${innermost.constructor.name})`;
}
