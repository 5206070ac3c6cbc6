/** What leaves a transform: results off the tape, or still on it where somebody may come back for them. */

import { leadsToLeaf } from '../backward.js';
import { modes } from '../modes.js';
import { scopes } from '../scope.js';
import { Tensor } from '../tensor.js';

/** Another tensor over the same memory, of the scope of this transform, off the tape. */
export function alias(x: Tensor): Tensor {
  x.block.storage.claim();
  const same = new Tensor(x.block, x.madeBy);
  same.tangents = x.tangents;
  scopes.current!.adopt(same);
  return same;
}

/** A result of this transform, off the tape. What was only passed through from outside stays as it is. */
export function cutOff(x: Tensor, severed: boolean): Tensor {
  if (x.owner !== scopes.current) return x;
  const plain = x.node === null ? x : alias(x);
  plain.severed = severed;
  return plain;
}

/** A recorded result. Out of the outermost transform it comes off the tape unless the tape leads from it to a leaf. */
export function connect(x: Tensor): Tensor {
  if (modes.transformDepth > 0 || x.node === null || leadsToLeaf(x.node)) return x;
  return cutOff(x, x.severed);
}
