/**
 * One arithmetic over four float32 or two float64: what is written against `Lanes` becomes both kernels.
 *
 * The names are the specification's. Where an operand is a plain number, it stands for a vector of it.
 */

import type { Code, Local } from './code.js';
import {
  type Address,
  as,
  bits,
  bitselect,
  constant,
  type Expr,
  load,
  loadAs,
  not,
  type Operation,
  op,
  shuffle,
  vectorConstant,
} from './expr.js';
import type { ValueType } from './instructions.js';

/** Vectors of floating-point lanes. */
export type FloatVector = 'f32x4' | 'f64x2';

/** The lanes of a kernel, and whether it uses relaxed SIMD's fused multiply-add: what its module is compiled for. */
export type Variant = FloatVector | `${FloatVector} fused`;

/** The lanes of a variant. */
export function lanesOfVariant(variant: Variant): FloatVector {
  return variant.startsWith('f32x4') ? 'f32x4' : 'f64x2';
}

/** Whether a variant fuses. */
export function isFused(variant: Variant): boolean {
  return variant.endsWith('fused');
}

/** What comparing gives: all ones in a lane where it is true, all zeros where not. */
export type MaskOf<V extends FloatVector> = V extends 'f32x4' ? 'i32x4' : 'i64x2';

/** The number that one lane holds. */
export type ElementOf<V extends FloatVector> = V extends 'f32x4' ? 'f32' : 'f64';

/** A vector, or a number that stands for a vector of it. */
export type Vector<V extends FloatVector> = Expr<V> | number;

/** The operations named alike for both. */
type Same = 'add' | 'sub' | 'mul' | 'div' | 'min' | 'max' | 'pmin' | 'pmax';
type Comparison = 'eq' | 'ne' | 'lt' | 'gt' | 'le' | 'ge';
type OfOne = 'abs' | 'neg' | 'sqrt' | 'ceil' | 'floor' | 'trunc' | 'nearest';

/** Arithmetic on the lanes of `V`, in the function that `code` writes. */
export class Lanes<V extends FloatVector = FloatVector> {
  /** Lanes of a vector. */
  readonly width: 4 | 2;
  readonly elementBytes: 4 | 8;
  readonly element: ElementOf<V>;
  readonly mask: MaskOf<V>;
  private readonly constants = new Map<string, Local<V>>();
  private readonly integers = new Map<string, Local<MaskOf<V>>>();

  constructor(
    readonly type: V,
    readonly code: Code,
    /** Whether `madd` rounds once (relaxed SIMD) or twice. */
    readonly fused: boolean = false,
  ) {
    const single = type === 'f32x4';
    this.width = single ? 4 : 2;
    this.elementBytes = single ? 4 : 8;
    this.element = (single ? 'f32' : 'f64') as ElementOf<V>;
    this.mask = (single ? 'i32x4' : 'i64x2') as MaskOf<V>;
  }

  /** A vector of one number, rounded to the lane. */
  constant(value: number): Expr<V> {
    const key = Object.is(value, -0) ? '-0' : String(value);
    let local = this.constants.get(key);
    if (local === undefined) {
      local = this.code.constant(vectorConstant<V>(this.type, new Array<number>(this.width).fill(value)));
      this.constants.set(key, local);
    }
    return local;
  }

  /** Computes `value` here and keeps it, for use more than once. */
  let<T extends ValueType>(value: Expr<T>): Local<T> {
    return this.code.let(value);
  }

  splat(value: Expr<ElementOf<V>>): Expr<V> {
    return this.apply(`${this.type}.splat`, [value as Expr]);
  }

  load(address: Address, offset = 0): Expr<V> {
    return load(this.type, address, offset);
  }

  /** One element from memory in every lane. */
  loadSplat(address: Address, offset = 0): Expr<V> {
    return loadAs(this.elementBytes === 4 ? 'v128.load32_splat' : 'v128.load64_splat', this.type, address, offset);
  }

  store(address: Address, value: Expr<V>, offset = 0): void {
    this.code.store(address, value, offset);
  }

  /** Stores one element: what lane `lane` holds. */
  storeLane(address: Address, value: Expr<V>, lane: number, offset = 0): void {
    this.code.storeLane(address, value, this.elementBytes, lane, offset);
  }

  // ---- arithmetic ---------------------------------------------------------------------------------------------------

  private apply<R extends Expr>(name: string, operands: readonly Vector<V>[] | readonly Expr[]): R {
    const vectors = operands.map((x) => (typeof x === 'number' ? this.constant(x) : x));
    return (op as unknown as (name: Operation, ...operands: readonly Expr[]) => R)(name as Operation, ...vectors);
  }

  private same(name: Same | OfOne, ...operands: readonly Vector<V>[]): Expr<V> {
    return this.apply(`${this.type}.${name}`, operands);
  }

  private compare(name: Comparison, a: Vector<V>, b: Vector<V>): Expr<MaskOf<V>> {
    return this.apply(`${this.type}.${name}`, [a, b]);
  }

  add(a: Vector<V>, b: Vector<V>): Expr<V> {
    return this.same('add', a, b);
  }

  sub(a: Vector<V>, b: Vector<V>): Expr<V> {
    return this.same('sub', a, b);
  }

  mul(a: Vector<V>, b: Vector<V>): Expr<V> {
    return this.same('mul', a, b);
  }

  div(a: Vector<V>, b: Vector<V>): Expr<V> {
    return this.same('div', a, b);
  }

  /**
   * The smaller; NaN where either is, and −0 is below +0. Three machine instructions on x86, where the one of this name takes eight:
   * it makes all NaN alike.
   */
  min(a: Vector<V>, b: Vector<V>): Expr<V> {
    const [x, y] = [this.vector(a), this.vector(b)];
    // Equal ones differ in the sign of 0 alone. Of NaN and a number one of the two is NaN, and so is what has all bits of both.
    return bits('v128.or', this.pmin(x, y), this.pmin(y, x));
  }

  /** The larger; NaN where either is, and −0 is below +0. Five machine instructions on x86, instead of eight. */
  max(a: Vector<V>, b: Vector<V>): Expr<V> {
    const [x, y] = [this.vector(a), this.vector(b)];
    const larger = this.let(this.pmax(x, y));
    const difference = this.let(bits('v128.xor', larger, this.pmax(y, x)));
    // −0 − (−0) = +0
    return this.sub(bits('v128.or', larger, difference), difference);
  }

  /** An operand in a place from where it can be read twice. */
  private vector(a: Vector<V>): Expr<V> {
    return typeof a === 'number' ? this.constant(a) : this.let(a);
  }

  /** `b < a ? b : a`, one machine instruction. */
  pmin(a: Vector<V>, b: Vector<V>): Expr<V> {
    return this.same('pmin', a, b);
  }

  /** `a < b ? b : a`, one machine instruction. */
  pmax(a: Vector<V>, b: Vector<V>): Expr<V> {
    return this.same('pmax', a, b);
  }

  abs(a: Vector<V>): Expr<V> {
    return this.same('abs', a);
  }

  neg(a: Vector<V>): Expr<V> {
    return this.same('neg', a);
  }

  sqrt(a: Vector<V>): Expr<V> {
    return this.same('sqrt', a);
  }

  ceil(a: Vector<V>): Expr<V> {
    return this.same('ceil', a);
  }

  floor(a: Vector<V>): Expr<V> {
    return this.same('floor', a);
  }

  trunc(a: Vector<V>): Expr<V> {
    return this.same('trunc', a);
  }

  /** To the nearest integer, ties to even. */
  nearest(a: Vector<V>): Expr<V> {
    return this.same('nearest', a);
  }

  /** a · b + c: rounded once where the variant is fused, else twice. */
  madd(a: Vector<V>, b: Vector<V>, c: Vector<V>): Expr<V> {
    return this.fused ? this.apply(`${this.type}.relaxed_madd`, [a, b, c]) : this.add(this.mul(a, b), c);
  }

  /** c − a · b: rounded once where the variant is fused, else twice. */
  nmadd(a: Vector<V>, b: Vector<V>, c: Vector<V>): Expr<V> {
    return this.fused ? this.apply(`${this.type}.relaxed_nmadd`, [a, b, c]) : this.sub(c, this.mul(a, b));
  }

  /**
   * c₀ + c₁ x + c₂ x² + …, by Estrin's scheme: pairs are summed side by side, then pairs of pairs, so that the chain of
   * operations that wait for each other is short.
   */
  polynomial(x: Expr<V>, coefficients: readonly number[]): Expr<V> {
    let terms: Vector<V>[] = [...coefficients];
    let power = x;
    while (terms.length > 1) {
      const pairs: Vector<V>[] = [];
      for (let k = 0; k < terms.length; k += 2) {
        const [low, high] = [terms[k]!, terms[k + 1]];
        pairs.push(high === undefined ? low : this.let(this.madd(high, power, low)));
      }
      terms = pairs;
      if (terms.length > 1) power = this.let(this.mul(power, power));
    }
    const [sum] = terms;
    return typeof sum === 'number' ? this.constant(sum) : sum!;
  }

  /** The same by Horner's rule: fewer operations, in a longer chain. For bodies of which several run side by side. */
  horner(x: Expr<V>, coefficients: readonly number[]): Expr<V> {
    const [last, ...others] = [...coefficients].reverse();
    return others.reduce<Expr<V>>((sum, c) => this.madd(sum, x, c), this.constant(last!));
  }

  // ---- comparing and choosing ---------------------------------------------------------------------------------------

  eq(a: Vector<V>, b: Vector<V>): Expr<MaskOf<V>> {
    return this.compare('eq', a, b);
  }

  ne(a: Vector<V>, b: Vector<V>): Expr<MaskOf<V>> {
    return this.compare('ne', a, b);
  }

  lt(a: Vector<V>, b: Vector<V>): Expr<MaskOf<V>> {
    return this.compare('lt', a, b);
  }

  gt(a: Vector<V>, b: Vector<V>): Expr<MaskOf<V>> {
    return this.compare('gt', a, b);
  }

  le(a: Vector<V>, b: Vector<V>): Expr<MaskOf<V>> {
    return this.compare('le', a, b);
  }

  ge(a: Vector<V>, b: Vector<V>): Expr<MaskOf<V>> {
    return this.compare('ge', a, b);
  }

  /** `whenTrue` in the lanes where `mask` is set, `whenFalse` in the others. */
  select(mask: Expr<MaskOf<V>>, whenTrue: Vector<V>, whenFalse: Vector<V>): Expr<V> {
    const [yes, no] = [whenTrue, whenFalse].map((x) => (typeof x === 'number' ? this.constant(x) : x));
    return bitselect(yes!, no!, mask);
  }

  /** `value` in the lanes where `mask` is set, +0 in the others. */
  keep(mask: Expr<MaskOf<V>>, value: Expr<V>): Expr<V> {
    return bits('v128.and', value, mask);
  }

  /** `value` in the lanes where `mask` is not set, +0 in the others. */
  drop(mask: Expr<MaskOf<V>>, value: Expr<V>): Expr<V> {
    return bits('v128.andnot', value, mask);
  }

  not(mask: Expr<MaskOf<V>>): Expr<MaskOf<V>> {
    return not(mask);
  }

  /** The magnitude of `magnitude` with the sign of `sign`. */
  copySign(magnitude: Expr<V>, sign: Expr<V>): Expr<V> {
    return bitselect(sign, magnitude, this.constant(-0));
  }

  // ---- the bits of a lane, as an integer ------------------------------------------------------------------------------

  toBits(a: Expr<V>): Expr<MaskOf<V>> {
    return as(this.mask, a);
  }

  fromBits(a: Expr<MaskOf<V>>): Expr<V> {
    return as(this.type, a);
  }

  /** An integer in every lane. */
  integer(value: number): Expr<MaskOf<V>> {
    const key = `integer ${value}`;
    let local = this.integers.get(key);
    if (local === undefined) {
      local = this.code.constant(vectorConstant<MaskOf<V>>(this.mask, new Array<number>(this.width).fill(value)));
      this.integers.set(key, local);
    }
    return local;
  }

  addBits(a: Expr<MaskOf<V>>, b: Expr<MaskOf<V>> | number): Expr<MaskOf<V>> {
    return this.apply(`${this.mask}.add`, [a, typeof b === 'number' ? this.integer(b) : b]);
  }

  subtractBits(a: Expr<MaskOf<V>>, b: Expr<MaskOf<V>> | number): Expr<MaskOf<V>> {
    return this.apply(`${this.mask}.sub`, [a, typeof b === 'number' ? this.integer(b) : b]);
  }

  shiftLeft(a: Expr<MaskOf<V>>, places: number): Expr<MaskOf<V>> {
    return this.apply(`${this.mask}.shl`, [a, constant('i32', places)]);
  }

  /** Zeros come in from the left. */
  shiftRight(a: Expr<MaskOf<V>>, places: number): Expr<MaskOf<V>> {
    return this.apply(`${this.mask}.shr_u`, [a, constant('i32', places)]);
  }

  and(a: Expr<MaskOf<V>>, b: Expr<MaskOf<V>> | number): Expr<MaskOf<V>> {
    return bits('v128.and', a, typeof b === 'number' ? this.integer(b) : b);
  }

  or(a: Expr<MaskOf<V>>, b: Expr<MaskOf<V>> | number): Expr<MaskOf<V>> {
    return bits('v128.or', a, typeof b === 'number' ? this.integer(b) : b);
  }

  // ---- across lanes -------------------------------------------------------------------------------------------------

  /** Every lane: what `combine` makes of all lanes, (0 with 2) with (1 with 3) for four of them. */
  across(vector: Expr<V>, combine: (a: Expr<V>, b: Expr<V>) => Expr<V>): Expr<V> {
    const swapped = (x: Expr<V>, bytes: number): Expr<V> =>
      shuffle(
        x,
        x,
        Array.from({ length: 16 }, (_, k) => (k + bytes) % 16),
      );
    let result = this.let(vector);
    for (let bytes = 8; bytes >= this.elementBytes; bytes /= 2) {
      result = this.let(combine(result, swapped(result, bytes)));
    }
    return result;
  }

  // ---- bool bytes ---------------------------------------------------------------------------------------------------

  /** As many bools as there are lanes, from memory: set where the byte is not 0. */
  loadMask(address: Address, offset = 0): Expr<MaskOf<V>> {
    return this.widen(loadAs(this.width === 4 ? 'v128.load32_zero' : 'v128.load16_splat', 'i8x16', address, offset));
  }

  /** One bool from memory in every lane. */
  loadMaskSplat(address: Address): Expr<MaskOf<V>> {
    return this.widen(loadAs('v128.load8_splat', 'i8x16', address));
  }

  private widen(bytes: Expr<'i8x16'>): Expr<MaskOf<V>> {
    const four = op('i32x4.extend_low_i16x8_u', op('i16x8.extend_low_i8x16_u', bytes));
    const mask: Expr =
      this.width === 4
        ? op('i32x4.ne', four, vectorConstant('i32x4', [0, 0, 0, 0]))
        : op('i64x2.ne', op('i64x2.extend_low_i32x4_u', four), vectorConstant('i64x2', [0, 0]));
    return mask as Expr<MaskOf<V>>;
  }

  /** As many bools as there are lanes, to memory: 1 where the mask is set, else 0. */
  storeMask(address: Address, mask: Expr<MaskOf<V>>, offset = 0): void {
    this.code.storeLane(address, this.narrow(mask), this.width, 0, offset);
  }

  /** The lowest byte of each lane, to memory. */
  storeBytes(address: Address, integers: Expr<MaskOf<V>>, offset = 0): void {
    this.code.storeLane(address, this.lowBytes(integers), this.width, 0, offset);
  }

  /** One bool: what lane 0 holds. */
  storeMaskLane(address: Address, mask: Expr<MaskOf<V>>): void {
    this.code.storeLane(address, this.narrow(mask), 1, 0);
  }

  private lowBytes(integers: Expr<MaskOf<V>>): Expr<'i8x16'> {
    const bytes = this.let(as('i8x16', integers));
    const picks = Array.from({ length: 16 }, (_, k) => (k < this.width ? k * this.elementBytes : 0));
    return shuffle(bytes, bytes, picks);
  }

  /** The lowest byte of each lane, side by side: 1 or 0. */
  private narrow(mask: Expr<MaskOf<V>>): Expr<'i8x16'> {
    return bits('v128.and', this.lowBytes(mask), vectorConstant('i8x16', new Array<number>(16).fill(1)));
  }
}
