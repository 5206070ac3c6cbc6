/** Modules: parameters and the functions that use them. */

import {
  giveValue,
  type HookHandle,
  isTensor,
  isTraining,
  persistent,
  scope,
  Tensor,
  whereabouts,
} from '@cotangent/autograd';
import {
  ArgumentError,
  CotangentError,
  type DType,
  DTypeError,
  type Shape,
  ShapeError,
  shapesEqual,
  showShape,
} from '@cotangent/kernels';
import { type BackwardHook, type ForwardHook, type ForwardPreHook, GradientWatch, handle } from './hooks.js';
import { type InitializerLike, resolveInitializer } from './initializers.js';
import { checkOptions } from './options.js';

/** What a parameter starts as, when its shape is known later. */
export interface ParameterOptions {
  /** First value. @defaultValue 'glorotUniform' */
  initializer?: InitializerLike;
  /** @defaultValue float32 */
  dtype?: DType;
  /** Whether optimizers change it and gradients reach it. @defaultValue true */
  trainable?: boolean;
}

/**
 * A tensor that a module owns and an optimizer changes. It may be made before its shape is known: the first call of its
 * module gives it one (Gluon's deferred initialization), so an optimizer can be given the parameters of a fresh model.
 */
export class Parameter extends Tensor {
  private readonly initialize: ((shape: Shape) => Tensor) | null;

  /** @param initial its value, which is copied; or how to make one once the shape is known */
  constructor(initial: Tensor | ParameterOptions = {}) {
    if (isTensor(initial)) {
      const value = persistent(initial);
      super(value.block, 'Parameter');
      this.initialize = null;
      this.requiresGrad = true;
      return;
    }
    checkOptions('Parameter', initial, ['initializer', 'dtype', 'trainable']);
    const { initializer = 'glorotUniform', dtype = 'float32', trainable = true } = initial;
    super(null, 'Parameter', [], dtype);
    const resolved = resolveInitializer('Parameter', initializer);
    this.initialize = (shape) => resolved.create(shape, dtype);
    this.requiresGrad = trainable;
  }

  /** Gives it its shape and first value; does nothing if it has that shape already. @throws ShapeError if it has another */
  materialize(shape: Shape): void {
    if (this.hasValue) {
      if (!shapesEqual(this.shape, shape))
        throw new ShapeError('Parameter', { parameter: this.shape }, `shape ${showShape(shape)}`);
      return;
    }
    scope(() => {
      const value = this.initialize!(shape);
      if (!shapesEqual(value.shape, shape))
        throw new ShapeError('Parameter', { value: value.shape }, `shape ${showShape(shape)} from its initializer`);
      if (value.dtype !== this.dtype)
        throw new DTypeError('Parameter', { value: value.dtype }, `${this.dtype} from its initializer`);
      giveValue(this, value);
    });
  }

  protected override refuseToRead(): never {
    if (this.isReleased) return super.refuseToRead();
    throw new ArgumentError(
      'Parameter',
      'it has no value yet',
      'Call the model once, build(inputShape), or give its first layer an inputShape.',
    );
  }
}

/** A place in a module where a parameter or a module stands: `holder[key]`. */
export interface Slot {
  readonly path: string;
  readonly holder: Record<string, unknown>;
  readonly key: string;
}

/** Hears of every module call while it is set: how `summary` and `build` learn shapes. */
export const tracing: { visit: ((module: Module, output: unknown) => void) | null } = { visit: null };

/** Modules being called, outermost first: where an error happened is the path from the first to the last. */
const calling: Module[] = [];

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
export abstract class Module {
  private ownTraining = true;
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

  /** Runs the module. Errors from inside are prefixed with the path of the module that raised them. */
  call(...inputs: Parameters<this['forward']>): ReturnType<this['forward']> {
    calling.push(this);
    try {
      const hooked = this.forwardPreHooks.length + this.forwardHooks.length + this.backwardHooks.length > 0;
      const output = hooked ? this.callWithHooks(inputs) : this.forward(...inputs);
      tracing.visit?.(this, output);
      return output;
    } catch (error) {
      if (error instanceof CotangentError && error.path === undefined) locate(error);
      throw error;
    } finally {
      calling.pop();
    }
  }

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
  protected parts(): [path: string, part: Parameter | Module][] {
    return this.slots().map(({ path, holder, key }) => [path, holder[key] as Parameter | Module]);
  }

  /** Where the direct parts stand. @internal */
  slots(): Slot[] {
    const found: Slot[] = [];
    const searched = new Set<object>(); // plain objects may lead back to themselves
    const search = (holder: object, path: (key: string) => string): void => {
      searched.add(holder);
      for (const [key, value] of Object.entries(holder)) {
        if (value instanceof Parameter || value instanceof Module)
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
    const found: [string, Parameter][] = [];
    const seen = new Set<Parameter>();
    for (const [path, module] of this.namedModules()) {
      for (const [name, part] of module.parts()) {
        if (!(part instanceof Parameter) || seen.has(part)) continue;
        seen.add(part);
        found.push([path === '' ? name : `${path}.${name}`, part]);
      }
    }
    return found;
  }

  /** The parameters in fields of this module itself. */
  ownParameters(): Parameter[] {
    return this.parts().flatMap(([, part]) => (part instanceof Parameter ? [part] : []));
  }

  /** Every parameter inside, each once. */
  parameters(): Parameter[] {
    return this.namedParameters().map(([, parameter]) => parameter);
  }

  /** Number of numbers in the parameters that have a value; `trainable` counts only those. */
  countParameters(options: { trainable?: boolean } = {}): number {
    return this.parameters()
      .filter((p) => p.hasValue && (options.trainable === undefined || p.requiresGrad === options.trainable))
      .reduce((total, p) => total + p.size, 0);
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
  const path = calling[0]!.namedModules().find(([, module]) => module === innermost)?.[0] ?? '';
  return path === '' ? innermost.constructor.name : `${path} (${innermost.constructor.name})`;
}
