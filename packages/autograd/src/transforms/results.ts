/** What leaves a transform: results off the tape, or still on it where somebody may come back for them. */

import { leadsToLeaf } from '../backward.js';
import { isDifferentiating } from '../modes.js';
import { withTangents } from '../primitive.js';
import { scopes } from '../scope.js';
import type { Tensor } from '../tensor.js';

/** Another tensor over the same memory, of the scope of this transform, off the tape. */
export function alias(x: Tensor, examples?: Tensor): Tensor {
  const same = x.another(examples);
  same.tangents = x.tangents;
  scopes.current!.adopt(same);
  return same;
}

/** A result of this transform, off the tape. What was only passed through from outside stays as it is. */
export function cutOff(x: Tensor, severed: boolean): Tensor {
  if (x.owner !== scopes.current) return x;
  const examples = x.batch && cutOff(x.batch.examples, severed);
  const plain = x.node === null && examples === (x.batch?.examples ?? null) ? x : alias(x, examples ?? undefined);
  plain.severed = severed;
  return plain;
}

/** A recorded result. Out of the outermost transform it comes off the tape unless the tape leads from it to a leaf. */
export function connect(x: Tensor): Tensor {
  if (isDifferentiating() || x.owner !== scopes.current) return x;
  const examples = x.batch && connect(x.batch.examples);
  const leads = x.node === null || leadsToLeaf(x.node);
  if (leads && examples === (x.batch?.examples ?? null)) return x;
  const plain = alias(x, examples ?? undefined);
  if (leads) plain.node = x.node;
  plain.severed = x.severed;
  return plain;
}

/** Whether something recorded, or a derivative that was not, takes part in it: on the tape of this level or one outside. */
export function isTracked(x: Tensor): boolean {
  return x.node !== null || x.severed || (x.batch !== null && isTracked(x.batch.examples));
}

/** The same value, which no running `jvp` pushes forward. */
export function withoutTangents(x: Tensor): Tensor {
  if (x.batch === null) return withTangents(x, null);
  const examples = withoutTangents(x.batch.examples);
  if (examples === x.batch.examples) return withTangents(x, null);
  const plain = alias(x, examples);
  plain.node = x.node;
  plain.tangents = null;
  plain.severed = x.severed;
  return plain;
}
