import { mapTree, ones, type Tensor, tensor, treeLeaves } from './index.js';

describe('mapTree(tree, f) and treeLeaves(tree)', () => {
  it('reach every tensor in arrays and plain objects, in order, and rebuild the rest', () => {
    const tree = { a: tensor(1), b: [tensor(2), { c: tensor(3) }], n: 7, s: 'x', nothing: null, missing: undefined };
    expect(treeLeaves(tree).map((x) => x.item())).toEqual([1, 2, 3]);
    const doubled = mapTree(tree, (x) => x.item() * 2);
    expect(doubled).toEqual({ a: 2, b: [4, { c: 6 }], n: 7, s: 'x', nothing: null, missing: undefined });
    expect(tree.a.item()).toBe(1);
  });

  it('take a tensor for a tree of one', () => {
    expect(mapTree(tensor(3), (x: Tensor) => x.item())).toBe(3);
    expect(treeLeaves(tensor(3))).toHaveLength(1);
    expect(treeLeaves(5)).toEqual([]);
  });

  it('leave instances of classes alone, whole', () => {
    class Pair {
      constructor(readonly x: Tensor) {}
    }
    const pair = new Pair(ones([1]));
    expect(mapTree({ pair, when: new Date(0), map: new Map() }, () => 1)).toEqual({
      pair,
      when: new Date(0),
      map: new Map(),
    });
    expect(treeLeaves({ pair })).toEqual([]);
  });

  it('take objects without a prototype, and a key named __proto__, for what they are', () => {
    const bare = Object.assign(Object.create(null) as object, { x: tensor(1) });
    expect(treeLeaves(bare)).toHaveLength(1);
    const hostile = JSON.parse('{"__proto__": {"polluted": 1}}') as object;
    const mapped = mapTree(hostile, () => 1);
    expect(Object.keys(mapped)).toEqual(['__proto__']);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});
