/** Hashes that are the same everywhere and always: SipHash-2-4 (Aumasson and Bernstein 2012). */

import type { Tensor } from '@cotangent/autograd';
import { ArgumentError, type Shape, ShapeError } from '@cotangent/kernels';
import { checkChoice, checkNumber, checkOptions } from '../../options.js';
import { Layer, type LayerOptions, layerOptionNames } from '../layer.js';
import { type NestedTokens, type Token, tokensOf } from './adapting.js';
import { type EncodingMode, encodedShape, encodeIndices } from './encoding.js';

const rotated = (x: bigint, bits: bigint): bigint => BigInt.asUintN(64, (x << bits) | (x >> (64n - bits)));

/** SipHash-2-4 of bytes under a key of two 64-bit words, as an unsigned 64-bit number. */
export function sipHash(bytes: Uint8Array, k0: bigint, k1: bigint): bigint {
  let v0 = k0 ^ 0x736f6d6570736575n;
  let v1 = k1 ^ 0x646f72616e646f6dn;
  let v2 = k0 ^ 0x6c7967656e657261n;
  let v3 = k1 ^ 0x7465646279746573n;
  const rounds = (count: number): void => {
    for (let i = 0; i < count; i++) {
      v0 = BigInt.asUintN(64, v0 + v1);
      v1 = rotated(v1, 13n) ^ v0;
      v0 = rotated(v0, 32n);
      v2 = BigInt.asUintN(64, v2 + v3);
      v3 = rotated(v3, 16n) ^ v2;
      v0 = BigInt.asUintN(64, v0 + v3);
      v3 = rotated(v3, 21n) ^ v0;
      v2 = BigInt.asUintN(64, v2 + v1);
      v1 = rotated(v1, 17n) ^ v2;
      v2 = rotated(v2, 32n);
    }
  };
  const padded = new Uint8Array((Math.floor(bytes.length / 8) + 1) * 8);
  padded.set(bytes);
  padded[padded.length - 1] = bytes.length & 255;
  const view = new DataView(padded.buffer);
  for (let at = 0; at < padded.length; at += 8) {
    const word = view.getBigUint64(at, true);
    v3 ^= word;
    rounds(2);
    v0 ^= word;
  }
  v2 ^= 0xffn;
  rounds(4);
  return v0 ^ v1 ^ v2 ^ v3;
}

/** The bin of a token: SipHash of its UTF-8 bytes, numbers as they are written, modulo the bins. */
export function binOf(token: Token, bins: number, key: readonly [number, number]): number {
  const hash = sipHash(new TextEncoder().encode(String(token)), BigInt(key[0]), BigInt(key[1]));
  return Number(hash % BigInt(bins));
}

/** Options of `Hashing`. */
export interface HashingOptions extends LayerOptions {
  /** How many bins there are, with that of the mask. */
  numBins: number;
  /** A token that gets bin 0 to itself. @defaultValue none */
  maskValue?: Token | null;
  /** The key of the hash: two whole numbers, or one for both. @defaultValue 0 */
  salt?: number | readonly [number, number];
  /** How bins are given; see `CategoryEncoding`. @defaultValue 'int' */
  outputMode?: EncodingMode;
}

/**
 * A bin for every token, text or number, by SipHash-2-4: no vocabulary, but tokens may share a bin.
 *
 * With a `salt` these are the bins of Keras; without one Keras hashes otherwise (FarmHash64), this layer with the key 0.
 *
 * @throws ArgumentError for options out of range
 * @see https://keras.io/api/layers/preprocessing_layers/categorical/hashing/
 * @example new nn.Hashing({ numBins: 3, salt: 133 }).call([['A'], ['B']]) // → [[0], [0]]
 */
export class Hashing extends Layer {
  private readonly numBins: number;
  private readonly maskValue: Token | null;
  private readonly key: readonly [number, number];
  private readonly outputMode: EncodingMode;

  constructor(options: HashingOptions) {
    const name = 'Hashing';
    checkOptions(name, options, ['numBins', 'maskValue', 'salt', 'outputMode', ...layerOptionNames]);
    super(options);
    this.maskValue = options.maskValue ?? null;
    const atLeast = this.maskValue === null ? 1 : 2;
    this.numBins = checkNumber(name, 'numBins', options.numBins, { atLeast, whole: true });
    const { salt = 0 } = options;
    const key = typeof salt === 'number' ? [salt, salt] : salt;
    if (!Array.isArray(key) || key.length !== 2 || !key.every((k) => Number.isSafeInteger(k) && k >= 0))
      throw new ArgumentError(name, 'expected salt as a whole number of at least 0, or two of them');
    this.key = [key[0]!, key[1]!];
    this.outputMode = checkChoice(name, 'outputMode', options.outputMode ?? 'int', [
      'int',
      'oneHot',
      'multiHot',
      'count',
    ]);
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return encodedShape([0, ...inputShape], this.outputMode, this.numBins).slice(1);
  }

  /** @returns int32 in mode 'int', else float32 */
  override forward(x: Tensor | NestedTokens): Tensor {
    const { tokens, shape } = tokensOf('Hashing', x);
    const { maskValue, numBins, key } = this;
    const masked = maskValue === null ? 0 : 1;
    const bins = Int32Array.from(tokens, (token) =>
      masked === 1 && token === maskValue ? 0 : masked + binOf(token, numBins - masked, key),
    );
    return encodeIndices(bins, shape, this.outputMode, numBins);
  }
}

/** Options of `HashedCrossing`. */
export interface HashedCrossingOptions extends LayerOptions {
  /** How many bins there are. */
  numBins: number;
  /** @defaultValue 'int' */
  outputMode?: 'int' | 'oneHot';
}

/**
 * A bin for every combination of features: their tokens joined by `_X_`, hashed by SipHash-2-4 with the key 0 (Keras hashes
 * otherwise, so its bins are others).
 *
 * Input: an array of features, each [batch] or [batch, 1], of the same number of samples.
 *
 * @throws ArgumentError for fewer than two features; ShapeError for features that differ in shape
 * @see https://keras.io/api/layers/preprocessing_layers/categorical/hashed_crossing/
 * @example new nn.HashedCrossing({ numBins: 5 }).call([['A', 'B'], [101, 102]])
 */
export class HashedCrossing extends Layer {
  private readonly numBins: number;
  private readonly outputMode: 'int' | 'oneHot';

  constructor(options: HashedCrossingOptions) {
    checkOptions('HashedCrossing', options, ['numBins', 'outputMode', ...layerOptionNames]);
    super(options);
    this.numBins = checkNumber('HashedCrossing', 'numBins', options.numBins, { atLeast: 1, whole: true });
    this.outputMode = checkChoice('HashedCrossing', 'outputMode', options.outputMode ?? 'int', ['int', 'oneHot']);
  }

  /** @returns int32 in mode 'int', else float32 */
  override forward(features: readonly (Tensor | NestedTokens)[]): Tensor {
    if (!Array.isArray(features) || features.length < 2)
      throw new ArgumentError('HashedCrossing', 'got fewer than two features; expected an array of them');
    const parts = features.map((feature) => tokensOf('HashedCrossing', feature));
    const { shape } = parts[0]!;
    const other = parts.find((part) => part.shape.join() !== shape.join());
    if (other !== undefined)
      throw new ShapeError('HashedCrossing', { first: shape, other: other.shape }, 'features of one shape');
    const bins = Int32Array.from(parts[0]!.tokens, (_, i) =>
      binOf(parts.map(({ tokens }) => tokens[i]).join('_X_'), this.numBins, [0, 0]),
    );
    return encodeIndices(bins, shape, this.outputMode, this.numBins);
  }
}
