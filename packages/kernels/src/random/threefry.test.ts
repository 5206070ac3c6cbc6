import { threefry2x32 } from './threefry.js';

describe('threefry2x32', () => {
  // Lines `threefry2x32 20 counter counter key key → word word` of Random123's kat_vectors (Salmon et al.).
  it.each([
    [0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x6b200159, 0x99ba4efe],
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x1cb996fc, 0xbb002be7],
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xc4923a9c, 0x483df7a0],
  ])('gives the published words for counter %i %i and key %i %i', (c0, c1, k0, k1, w0, w1) => {
    const out = new Uint32Array(2);
    threefry2x32(out, k0, k1, c0, c1);
    expect([...out]).toEqual([w0, w1]);
  });

  it('half of the output bits change with any one bit of key or counter', () => {
    const [before, after] = [new Uint32Array(2), new Uint32Array(2)];
    let flipped = 0;
    for (let bit = 0; bit < 128; bit++) {
      for (let trial = 0; trial < 50; trial++) {
        const words = [trial, 7 * trial, 0x9e3779b9 ^ trial, 12345] as [number, number, number, number];
        threefry2x32(before, ...words);
        words[bit >> 5]! ^= 1 << (bit & 31);
        threefry2x32(after, ...words);
        for (let w = 0; w < 2; w++) {
          for (let difference = before[w]! ^ after[w]!; difference !== 0; difference &= difference - 1) flipped++;
        }
      }
    }
    // 6400 × 64 coin tosses: the standard deviation of the share is 0.00078.
    expect(Math.abs(flipped / (6400 * 64) - 0.5)).toBeLessThan(0.004);
  });
});
