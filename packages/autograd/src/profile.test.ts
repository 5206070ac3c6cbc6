import { whereabouts } from './anomaly.js';
import { ones, tensor } from './create.js';
import { matmul } from './functions/products.js';
import { Profile, profile } from './profile.js';
import './methods.js';

/** A clock that moves one millisecond each time it is looked at. */
function clock(): () => number {
  let now = 100;
  return () => now++;
}

const summary = ({ events }: Profile): string[] =>
  events.map(({ operation, kernel, phase }) => `${phase} ${operation}${kernel === operation ? '' : ` by ${kernel}`}`);

describe('profile()', () => {
  it('measures every kernel, forward and backward, and gives what the function gave', () => {
    const x = tensor([[1, 2]], { requiresGrad: true });
    const found = profile(
      () => {
        const y = matmul(x, ones([2, 3])).exp();
        y.sum().backward();
        return y.shape;
      },
      { now: clock() },
    );
    expect(found.result).toEqual([1, 3]);
    const seen = summary(found);
    expect(seen.slice(0, 3)).toEqual(['forward matmul', 'forward exp', 'forward sum']);
    expect(seen).toContain('backward matmul');
    expect(seen).toContain('backward exp by multiply');
    expect(seen.filter((line) => line.startsWith('forward'))).toHaveLength(3);
    for (const { milliseconds } of found.events) expect(milliseconds).toBe(1);
    expect(found.events[0]!.bytes).toBe(12);
    expect(found.milliseconds).toBeGreaterThan(found.events.length);
  });

  it('sums by operation and by layer', () => {
    const before = whereabouts.current;
    let place = 'encoder';
    whereabouts.current = () => place;
    try {
      const x = tensor([1, 2], { requiresGrad: true });
      const found = profile(
        () => {
          const y = x.exp();
          place = 'decoder';
          const z = y.exp().sum();
          place = '';
          z.backward();
        },
        { now: clock() },
      );
      expect(found.operations().find(({ name, phase }) => name === 'exp' && phase === 'forward')).toMatchObject({
        calls: 2,
        milliseconds: 2,
        bytes: 16,
      });
      const layers = found.layers().map(({ name, phase }) => `${name} ${phase}`);
      expect(layers.sort()).toEqual(['decoder backward', 'decoder forward', 'encoder backward', 'encoder forward']);
      const shares = found.layers().reduce((sum, { share }) => sum + share, 0);
      expect(shares).toBeCloseTo(1, 12);
      expect(found.table()).toMatch(/^operation +phase +calls +ms +share +MB\nexp/);
      expect(found.table('layer', 1)).toContain('… and 3 more');
    } finally {
      whereabouts.current = before;
    }
  });

  it('follows asynchronous functions, and ends with them', async () => {
    const found = await profile(async () => {
      await null;
      return ones([2]).exp().toArray();
    });
    expect(found.events).toHaveLength(1);
    await expect(profile(async () => Promise.reject(new Error('lost')))).rejects.toThrow('lost');
    expect(() =>
      profile(() => {
        throw new Error('lost');
      }),
    ).toThrow('lost');
    expect(profile(() => 1).events).toEqual([]);
  });

  it('writes a trace that Chrome reads', () => {
    const found = profile(() => ones([2]).exp(), { now: clock() });
    expect(found.toChromeTrace()).toEqual({
      traceEvents: [
        {
          name: 'exp',
          cat: 'forward',
          ph: 'X',
          ts: 1000,
          dur: 1000,
          pid: 1,
          tid: 1,
          args: { operation: 'exp', layer: '', bytes: 8 },
        },
      ],
    });
    expect(found).toBeInstanceOf(Profile);
  });
});
