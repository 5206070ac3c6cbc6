/**
 * Gives blocks back when the garbage collector finds their storage dead: the safety net under everything that no
 * scope, tape or module releases explicitly.
 *
 * Registering one object with a FinalizationRegistry costs about 0.6 µs, more than a small kernel. So storages share
 * a token: a group closes at 64 blocks or 256 KiB and is registered once, when it opens. The token dies when all of its
 * storages are dead; the price is that one survivor can hold back at most 256 KiB of dead neighbours. Places that are
 * released while the group is open go to the next blocks, and a closed group whose blocks were all released is used again
 * as it is, so a loop that releases what it makes registers nothing. (It would cost more than time: V8 moves the records of
 * young registrations into its old generation even when they are unregistered at once, where they wait for a full collection.)
 */

/** A piece of the heap. Made once per address, then handed from storage to storage. */
export class HeapBlock {
  /** Its place in the group that would release it if its storage died. */
  slot = 0;
  /** Leased without an owner that will release it: counts against the loose budget. */
  loose = false;
  /** Of those, under the size that only data may have here. */
  small = false;

  constructor(
    /** Byte address in the heap, a multiple of 16. */
    readonly pointer: number,
    readonly sizeClass: number,
    readonly bytes: number,
  ) {}
}

/** What storages hold to keep a group from being collected. Empty on purpose: it must not reach its blocks' storages. */
export class Token {
  constructor(readonly group: Group) {}
}

/** The blocks that share one token. Never refers to the token or to a storage, or nothing would ever die. */
class Group {
  readonly blocks: (HeapBlock | null)[] = [];
  /** Places of released blocks, while the group is open. */
  readonly vacant: number[] = [];
  /** Places given out so far, vacant ones included. */
  places = 0;
  live = 0;
  bytes = 0;
  closed = false;
}

const groupBlocks = 64;
const groupBytes = 256 * 1024;
/** Empty groups that wait to be used again: those of the 65,536 blocks of a very large graph, some 700 bytes each. */
const mostSpare = 1024;

/** Ties heap blocks to the lifetime of tokens. */
export class Collector {
  private open: Token | null = null;
  /** Tokens of closed groups whose blocks were all released; held here, or they would be collected. */
  private readonly spare: Token[] = [];
  private readonly registry: FinalizationRegistry<Group>;

  /** @param giveBack takes a block whose storage the garbage collector found dead */
  constructor(giveBack: (block: HeapBlock) => void) {
    this.registry = new FinalizationRegistry((group) => {
      for (const block of group.blocks) {
        if (block !== null) giveBack(block);
      }
    });
  }

  /** Puts a block under the collector's care; its storage must hold the token returned. */
  watch(block: HeapBlock): Token {
    this.open ??= this.spare.pop() ?? this.register();
    const token = this.open;
    const group = token.group;
    const slot = group.vacant.length > 0 ? group.vacant.pop()! : group.places++;
    block.slot = slot;
    group.blocks[slot] = block;
    group.live++;
    group.bytes += block.bytes;
    if (group.live >= groupBlocks || group.bytes >= groupBytes) {
      group.closed = true;
      this.open = null;
    }
    return token;
  }

  private register(): Token {
    const token = new Token(new Group());
    this.registry.register(token, token.group, token.group);
    return token;
  }

  /** Takes a block out of care because it was released explicitly. `token`: what `watch` gave for it. */
  forget(block: HeapBlock, token: Token): void {
    const { group } = token;
    group.blocks[block.slot] = null;
    group.live--;
    group.bytes -= block.bytes;
    if (!group.closed) group.vacant.push(block.slot);
    else if (group.live === 0) this.reuse(token);
  }

  private reuse(token: Token): void {
    const { group } = token;
    if (this.spare.length === mostSpare) {
      // Unregistered at once: the callbacks of a synchronous loop never run, and their records would pile up.
      this.registry.unregister(group);
      return;
    }
    group.closed = false;
    group.places = 0;
    group.vacant.length = 0;
    this.spare.push(token);
  }
}
