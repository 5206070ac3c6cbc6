/**
 * Size classes of the heap: 64, 80, 96, 112, 128, 160, … bytes, four to each doubling.
 *
 * At most a quarter of a block is unused, every size is a multiple of 16 (a SIMD vector), and the class of a
 * size is a few instructions away.
 */

const smallestLog2 = 6;

/** The class whose blocks hold `bytes` bytes. */
export function sizeClassOf(bytes: number): number {
  if (bytes <= 64) return 0;
  // bytes lies in (2^log2, 2^(log2 + 1)]; its quarter is the next two bits, rounded up.
  const log2 = 31 - Math.clz32(bytes - 1);
  const quarter = 1 << (log2 - 2);
  return (log2 - smallestLog2) * 4 + Math.ceil((bytes - (1 << log2)) / quarter);
}

/** Bytes of a block of class `sizeClass`. */
export function bytesOfClass(sizeClass: number): number {
  const log2 = smallestLog2 + (sizeClass >> 2);
  return 2 ** log2 + (sizeClass & 3) * 2 ** (log2 - 2);
}

/** Largest request that a 32-bit address space has a class for. */
export const largestRequest: number = 2 ** 30;

/** One more than the class of the largest request. */
export const sizeClassCount: number = sizeClassOf(largestRequest) + 1;
