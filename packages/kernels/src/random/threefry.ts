/**
 * Threefry-2x32 with 20 rounds: a counter-based random number generator. The same key and counter give the same 64 bits
 * on every machine, and any place in the sequence can be computed alone.
 *
 * Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3". It is also what JAX uses.
 */

/** Skein's key schedule constant, 32-bit variant. */
const parity = 0x1bd11bda;
/** Rotations of the rounds, in two groups of four. */
export const rotations: readonly (readonly number[])[] = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
];

/** Which keys are added to the two words after group `group` of four rounds. */
export const keySchedule = (group: number): readonly [number, number] => {
  const first = (group + 1) % 3;
  return [first, (first + 1) % 3];
};

/**
 * Writes the two words for counter (low, high) under the key into `out`, as unsigned 32-bit numbers.
 *
 * @param out receives the words at 0 and 1
 */
export function threefry2x32(out: Uint32Array, key0: number, key1: number, counter0: number, counter1: number): void {
  const key2 = parity ^ key0 ^ key1;
  let x0 = (counter0 + key0) | 0;
  let x1 = (counter1 + key1) | 0;
  for (let group = 0; group < 5; group++) {
    const turns = rotations[group & 1]!;
    for (let round = 0; round < 4; round++) {
      const turn = turns[round]!;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << turn) | (x1 >>> (32 - turn))) ^ x0;
    }
    // After every fourth round the key is added again, rotated by one word, with the number of the injection.
    const step = group % 3;
    x0 = (x0 + (step === 0 ? key1 : step === 1 ? key2 : key0)) | 0;
    x1 = (x1 + (step === 0 ? key2 : step === 1 ? key0 : key1) + group + 1) | 0;
  }
  out[0] = x0;
  out[1] = x1;
}
