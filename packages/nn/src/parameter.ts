/** What a module keeps from call to call: parameters, which are learned, and buffers, which are not. */

import { giveValue, isTensor, persistent, scope, Tensor } from '@cotangent/autograd';
import {
  ArgumentError,
  type DType,
  DTypeError,
  type Shape,
  ShapeError,
  shapesEqual,
  showShape,
} from '@cotangent/kernels';
import { type Constraint, type ConstraintLike, resolveConstraint } from './constraints.js';
import { type Initializer, type InitializerLike, resolveInitializer } from './initializers/index.js';
import { checkOptions } from './options.js';
import { type Regularizer, type RegularizerLike, resolveRegularizer } from './regularizers.js';

/** A tensor of a module. It may be made before its shape is known: the first call of its module gives it one. */
export abstract class Variable extends Tensor {
  /** How its first value is made; null for one that was made from a tensor. */
  protected readonly initializer: Initializer | null;

  protected constructor(kind: string, initial: Tensor | null, initializer: Initializer | null, dtype: DType) {
    super(initial === null ? null : persistent(initial).block, kind, [], dtype);
    this.initializer = initializer;
  }

  /** Gives it its shape and first value; does nothing if it has that shape already. @throws ShapeError if it has another */
  materialize(shape: Shape): void {
    if (this.hasValue) {
      if (!shapesEqual(this.shape, shape))
        throw new ShapeError(this.madeBy, { [this.madeBy.toLowerCase()]: this.shape }, `shape ${showShape(shape)}`);
      return;
    }
    scope(() => {
      const value = this.initializer!.create(shape, this.dtype);
      if (!shapesEqual(value.shape, shape))
        throw new ShapeError(this.madeBy, { value: value.shape }, `shape ${showShape(shape)} from its initializer`);
      if (value.dtype !== this.dtype)
        throw new DTypeError(this.madeBy, { value: value.dtype }, `${this.dtype} from its initializer`);
      giveValue(this, value);
    });
  }

  /** Takes shape and numbers of `value` if it has none yet; else its numbers. @throws ShapeError if shapes differ */
  setValue(value: Tensor): void {
    scope(() => {
      const converted = value.cast(this.dtype);
      if (this.hasValue) this.assign(converted);
      else giveValue(this, converted);
    });
  }

  /** Another with the same numbers in memory of its own, and the same options. */
  abstract clone(): Variable;

  protected override refuseToRead(): never {
    if (this.isReleased) return super.refuseToRead();
    throw new ArgumentError(
      this.madeBy,
      'it has no value yet',
      'Call the model once, build(inputShape), or give its first layer an inputShape.',
    );
  }
}

/** What a parameter starts as, when its shape is known later, and what it is held to. */
export interface ParameterOptions {
  /** First value. @defaultValue 'glorotUniform' */
  initializer?: InitializerLike;
  /** @defaultValue float32 */
  dtype?: DType;
  /** Whether optimizers change it and gradients reach it. @defaultValue true */
  trainable?: boolean;
  /** A penalty on its numbers that `fit` adds to the loss, and `module.losses()` lists. @defaultValue none */
  regularizer?: RegularizerLike | null;
  /** What optimizers bring it back to after each step. @defaultValue none */
  constraint?: ConstraintLike | null;
}

/**
 * A tensor that a module owns and an optimizer changes. It may be made before its shape is known: the first call of its
 * module gives it one (Gluon's deferred initialization), so an optimizer can be given the parameters of a fresh model.
 *
 * @example
 * class Scale extends nn.Module {
 *   factor = new nn.Parameter(tensor([1]));
 *   forward(x: Tensor) {
 *     return x.mul(this.factor);
 *   }
 * }
 */
export class Parameter extends Variable {
  readonly regularizer: Regularizer | null;
  readonly constraint: Constraint | null;

  /**
   * @param initial its value, which is copied; or how to make one once the shape is known
   * @param options for one made from a value: `trainable`, `regularizer`, `constraint`
   */
  constructor(initial: Tensor | ParameterOptions = {}, options: Omit<ParameterOptions, 'initializer' | 'dtype'> = {}) {
    const given: ParameterOptions = isTensor(initial) ? options : initial;
    const names = ['trainable', 'regularizer', 'constraint'];
    checkOptions('Parameter', given, isTensor(initial) ? names : ['initializer', 'dtype', ...names]);
    if (isTensor(initial)) super('Parameter', initial, null, initial.dtype);
    else {
      const initializer = resolveInitializer('Parameter', given.initializer ?? 'glorotUniform');
      super('Parameter', null, initializer, given.dtype ?? 'float32');
    }
    this.regularizer = resolveRegularizer('Parameter', given.regularizer);
    this.constraint = resolveConstraint('Parameter', given.constraint);
    this.requiresGrad = given.trainable ?? true;
  }

  /** Whether optimizers change it and gradients reach it: `requiresGrad` under the name Keras has for it. */
  get trainable(): boolean {
    return this.requiresGrad;
  }

  set trainable(trainable: boolean) {
    this.requiresGrad = trainable;
  }

  override clone(): Parameter {
    const { trainable, regularizer, constraint, initializer, dtype } = this;
    const options = { trainable, regularizer, constraint };
    return this.hasValue
      ? new Parameter(this, options)
      : new Parameter({ ...options, dtype, ...(initializer && { initializer }) });
  }
}

/** What a buffer starts as, when its shape is known later. */
export interface BufferOptions {
  /** First value. @defaultValue 'zeros' */
  initializer?: InitializerLike;
  /** @defaultValue float32 */
  dtype?: DType;
}

/**
 * A tensor that belongs to a module but is not learned by gradients, such as the running mean of a batch normalization: in the
 * state dict, and not among the parameters.
 *
 * @example
 * class Counter extends nn.Module {
 *   calls = new nn.Buffer(tensor(0));
 *   forward(x: Tensor): Tensor {
 *     this.calls.assign(this.calls.add(1));
 *     return x;
 *   }
 * }
 * const counter = new Counter();
 * counter.call(zeros([2]));
 * counter.stateDict().calls; // → 1
 */
export class Buffer extends Variable {
  /** @param initial its value, which is copied; or how to make one once the shape is known */
  constructor(initial: Tensor | BufferOptions = {}) {
    if (isTensor(initial)) {
      super('Buffer', initial, null, initial.dtype);
      return;
    }
    checkOptions('Buffer', initial, ['initializer', 'dtype']);
    const initializer = resolveInitializer('Buffer', initial.initializer ?? 'zeros');
    super('Buffer', null, initializer, initial.dtype ?? 'float32');
  }

  override clone(): Buffer {
    const { initializer, dtype } = this;
    return this.hasValue ? new Buffer(this) : new Buffer({ dtype, ...(initializer && { initializer }) });
  }
}
