/** Deterministic release: what is created inside a scope and not returned from it is recycled when it ends. */

import { ArgumentError, loosen } from '@cotangent/kernels';
import { checkFunction } from './options.js';
import { ownByTape } from './tape.js';
import { liveTangents, type Tensor } from './tensor.js';
import { mapTree } from './trees.js';

/** The tensors created since a scope began. */
export class Scope {
  readonly tensors: Tensor[] = [];
  private outliving: Map<Tensor, Tensor> | null = null;
  /** What else is to be done when it ends; null for nothing, as mostly. */
  private endings: (() => void)[] | null = null;

  /** What outlives the scope, by the tensor it stands for. Most scopes of a backward pass have nothing like that. */
  get survivors(): Map<Tensor, Tensor> {
    this.outliving ??= new Map();
    return this.outliving;
  }

  adopt(tensor: Tensor): void {
    tensor.owner = this;
    this.tensors.push(tensor);
  }

  /** Does something when it ends. */
  onEnd(ending: () => void): void {
    this.endings ??= [];
    this.endings.push(ending);
  }

  /**
   * Releases everything adopted so far that nobody else has taken over; what the tape or a sweep has pinned stays until it is
   * unpinned.
   */
  releaseAll(): void {
    const { tensors, endings } = this;
    for (let i = 0; i < tensors.length; i++) if (tensors[i]!.owner === this) tensors[i]!.release();
    tensors.length = 0;
    if (endings === null) return;
    this.endings = null;
    for (const end of endings) end();
  }
}

/** The innermost scope; null outside all of them. Read by `apply` and by whatever else creates tensors. */
export const scopes: { current: Scope | null } = { current: null };

/** Runs `f` with `scope` as the innermost one, without releasing anything. */
export function withScope<R>(scope: Scope | null, f: () => R): R {
  const before = scopes.current;
  scopes.current = scope;
  try {
    return f();
  } finally {
    scopes.current = before;
  }
}

/**
 * A tensor of its own over the memory of `result`, which `dying` is about to release: adopted by the scope around, or
 * by the tape if it is recorded, or left to the garbage collector.
 */
export function survive(result: Tensor, dying: Scope): Tensor {
  if (result.owner !== dying) return result;
  const before = dying.survivors.get(result);
  if (before !== undefined) return before;
  const survivor = result.another(result.batch === null ? undefined : survive(result.batch.examples, dying));
  if (result.tangents !== null)
    survivor.tangents = liveTangents(result).map(({ run, value }) => ({ run, value: survive(value, dying) }));
  survivor.severed = result.severed;
  survivor.node = result.node;
  if (result.node?.output === result) result.node.moveOutput(survivor);
  dying.survivors.set(result, survivor);
  if (scopes.current !== null) scopes.current.adopt(survivor);
  else if (survivor.node !== null) ownByTape(survivor);
  return survivor;
}

/** Moves a survivor that nobody but the garbage collector will release out of the memory that has owners. */
export function settle(survivor: Tensor): void {
  if (survivor.owner === null) survivor.moveTo(loosen(survivor.block));
}

/**
 * Runs `f` and recycles at once every tensor it created, except those it returns (alone or in arrays and plain objects)
 * and those already detached into memory of their own. Never needed for flat memory; for those who want it immediate.
 *
 * @returns what `f` returns
 * @throws ArgumentError when `f` is asynchronous: a scope cannot tell its tensors from those of whatever runs meanwhile
 * @example
 * const norm = scope(() => x.square().sum().sqrt());
 * norm.shape; // → []
 */
export function scope<R>(f: () => R): R {
  checkFunction('scope', f);
  const inner = new Scope();
  try {
    const result = withScope(inner, f);
    if (typeof (result as { then?: unknown } | null | undefined)?.then === 'function') {
      throw new ArgumentError(
        'scope',
        'got an asynchronous function',
        'Await first, and put the synchronous part into the scope.',
      );
    }
    return mapTree(result, (leaf) => survive(leaf, inner)) as R;
  } finally {
    inner.releaseAll();
    for (const survivor of inner.survivors.values()) settle(survivor);
  }
}
