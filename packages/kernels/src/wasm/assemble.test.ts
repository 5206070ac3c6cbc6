import fc from 'fast-check';
import { assemble, type Func, func, procedure } from './assemble.js';
import { flatten, signed, unsigned } from './encode.js';
import {
  anyTrue,
  as,
  bits,
  bitselect,
  constant,
  extractLane,
  load,
  loadByte,
  op,
  select,
  vectorConstant,
} from './expr.js';
import { detectFeatures, features } from './features.js';

const available = typeof WebAssembly === 'object' && features().simd;
const describeWasm = available ? describe : describe.skip;

/** The exports of a module of these functions over a memory of one page. */
function instantiate(functions: readonly Func[], shared = false) {
  const memory = new WebAssembly.Memory(shared ? { initial: 1, maximum: 1, shared } : { initial: 1 });
  const module = new WebAssembly.Module(assemble(functions, shared) as BufferSource);
  const { exports } = new WebAssembly.Instance(module, { heap: { memory } });
  return { memory, exports: exports as unknown as Record<string, (...args: number[]) => number> };
}

describe('encoding', () => {
  it('writes LEB128 as the examples of the specification and of Wikipedia have it', () => {
    expect(unsigned(624485)).toEqual([0xe5, 0x8e, 0x26]);
    expect(unsigned(0)).toEqual([0]);
    expect(unsigned(0xffffffff)).toEqual([0xff, 0xff, 0xff, 0xff, 0x0f]);
    expect(signed(-123456n)).toEqual([0xc0, 0xbb, 0x78]);
    expect(signed(63n)).toEqual([63]);
    expect(signed(64n)).toEqual([0xc0, 0]);
    expect(signed(-64n)).toEqual([0x40]);
  });

  it('flattens nested bytes in order', () => {
    expect(flatten([1, [2, [3, []], 4], 5])).toEqual([1, 2, 3, 4, 5]);
  });
});

describeWasm('assemble', () => {
  it('passes every i32, f32 and f64 constant through unchanged', () => {
    fc.assert(
      fc.property(fc.integer(), fc.float(), fc.double(), (i, f, d) => {
        const { exports } = instantiate([
          func('i', {}, 'i32', () => constant('i32', i)),
          func('f', {}, 'f32', () => constant('f32', f)),
          func('d', {}, 'f64', () => constant('f64', d)),
        ]);
        expect([exports['i']!(), exports['f']!(), exports['d']!()]).toEqual([i, f, d]);
      }),
    );
  });

  it('runs loops, branches and conditions', () => {
    const gcd = func('gcd', { a: 'i32', b: 'i32' }, 'i32', (code, { a, b }) => {
      const rest = code.local('i32');
      code.while(b, () => {
        code.set(rest, op('i32.rem_u', a, b));
        code.set(a, b);
        code.set(b, rest);
      });
      return a;
    });
    // The first k with k² ≥ n, leaving two blocks at once.
    const root = func('root', { n: 'i32' }, 'i32', (code, { n }) => {
      const k = code.local('i32');
      code.block((end) => {
        code.loop((again) => {
          code.if(op('i32.ge_u', op('i32.mul', k, k), n), () => code.branch(end));
          code.advance(k, 1);
          code.branch(again);
        });
      });
      return k;
    });
    const largest = func('largest', { a: 'i32', b: 'i32' }, 'i32', (_, { a, b }) => select(a, b, op('i32.gt_s', a, b)));
    const { exports } = instantiate([gcd, root, largest]);
    expect(exports['gcd']!(1071, 462)).toBe(21);
    expect(exports['root']!(50)).toBe(8);
    expect(exports['root']!(0)).toBe(0);
    expect([exports['largest']!(-3, 2), exports['largest']!(5, 2)]).toEqual([2, 5]);
  });

  it('reads and writes memory, shared or not', () => {
    const twice = procedure('twice', { from: 'i32', to: 'i32', count: 'i32' }, (code, { from, to, count }) => {
      code.repeat(count, () => {
        const x = code.let(load('f64x2', from));
        code.store(to, op('f64x2.add', x, x));
        code.storeByte(op('i32.add', to, 1024), op('i32.add', loadByte(from, 1024), 1));
        code.advance(from, 16);
        code.advance(to, 16);
      });
    });
    for (const shared of features().sharedMemory ? [false, true] : [false]) {
      const { memory, exports } = instantiate([twice], shared);
      const doubles = new Float64Array(memory.buffer);
      doubles.set([1, 2, 3, 4, 5, 6]);
      exports['twice']!(0, 512, 2);
      expect([...doubles.slice(64, 70)]).toEqual([2, 4, 6, 8, 0, 0]);
      expect(new Uint8Array(memory.buffer)[512 + 1024]).toBe(1);
    }
  });

  it('keeps vector constants apart, and each of them once in a module', () => {
    const use = (name: string): Func =>
      func(name, { lane: 'i32' }, 'i32', (code, { lane }) => {
        const [a, b] = [
          [1, 2, 3, -4],
          [5, 6, 7, 8],
        ].map((lanes) => code.constant(vectorConstant('i32x4', lanes)));
        return select(extractLane(a!, 3), extractLane(b!, 3), lane);
      });
    const { exports } = instantiate([use('f'), use('g')]);
    expect([exports['f']!(1), exports['f']!(0), exports['g']!(1), exports['g']!(0)]).toEqual([-4, 8, -4, 8]);
    const one = assemble([use('f')], false).length;
    const two = assemble([use('f'), use('g')], false).length;
    expect(two - one).toBeLessThan(one - 40);
  });

  it('works on bits', () => {
    const f = func('f', { x: 'f32' }, 'f32', (code, { x }) => {
      const v = code.let(op('f32x4.splat', x));
      const sign = vectorConstant('f32x4', [-0, -0, -0, -0]);
      const negative = code.let(op('f32x4.lt', v, vectorConstant('f32x4', [0, 0, 0, 0])));
      code.if(op('i32.eqz', anyTrue(negative)), () => code.set(v, as('f32x4', bits('v128.or', v, sign))));
      return extractLane(bitselect(v, op('f32x4.mul', v, v), negative), 0);
    });
    const { exports } = instantiate([f]);
    expect([exports['f']!(-3), exports['f']!(3)]).toEqual([-3, 9]);
  });

  it('writes statements of interleaved copies in turn', () => {
    const f = func('f', { x: 'i32' }, 'i32', (code, { x }) => {
      code.interleave(2, (copy) => {
        code.set(x, op('i32.mul', x, 10));
        code.set(x, op('i32.add', x, copy + 1));
      });
      return x;
    });
    // · 10, · 10, + 1, + 2
    expect(instantiate([f]).exports['f']!(3)).toBe(303);
  });

  it('does not compile what WebAssembly would refuse', () => {
    const x = constant('f32', 1);
    const v = vectorConstant('f32x4', [1, 2, 3, 4]);
    // @ts-expect-error a float where an integer belongs
    op('i32.add', x, 1);
    // @ts-expect-error one operand too few
    op('i32.add', 1);
    // @ts-expect-error lanes of another width
    op('f64x2.add', v, v);
    // @ts-expect-error a mask is not a number until it is read as one
    op('f32x4.add', v, op('f32x4.lt', v, v));
    // @ts-expect-error two types to choose from
    select(x, constant('f64', 1), constant('i32', 1));
    procedure('f', {}, (code) => {
      // @ts-expect-error a local of another type
      code.set(code.local('i32'), x);
    });
    // @ts-expect-error a result of another type than was promised
    func('f', {}, 'f64', () => x);
  });
});

describe('detectFeatures', () => {
  it('finds nothing where compiling is forbidden, as under a strict Content-Security-Policy', () => {
    const Module = jest.spyOn(WebAssembly, 'Module').mockImplementation(() => {
      throw new WebAssembly.CompileError('blocked by Content-Security-Policy');
    });
    expect(detectFeatures()).toMatchObject({ simd: false, relaxedSimd: false });
    Module.mockRestore();
  });
});
