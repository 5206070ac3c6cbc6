/**
 * Expressions: trees of instructions that leave one value on the stack, with its type.
 *
 * An expression is evaluated where it is used, and as often as it is used; `Code.let` keeps a value instead.
 */

import { type Bytes, float32, float64, signed, unsigned } from './encode.js';
import {
  accesses,
  bitwise,
  extractions,
  type NumberType,
  type Opcode,
  operations,
  type ValueType,
  type VectorType,
} from './instructions.js';

/** A value: its type, and the code that computes it. */
export interface Expr<T extends ValueType = ValueType> {
  readonly type: T;
  readonly code: Bytes;
}

/** What an operand may be: an expression, or a plain number where the instruction takes one. */
export type Operand<T extends ValueType> = Expr<T> | (T extends NumberType ? number : never);

/** An address: an `i32` counted in bytes from the start of the heap. */
export type Address = Operand<'i32'>;

type Operations = typeof operations;
/** The name of an instruction that takes values and gives one, such as `'f32x4.add'`. */
export type Operation = keyof Operations;
type ResultOf<N extends Operation> = Operations[N][1];
type Operands<T extends readonly ValueType[]> = { [K in keyof T]: Operand<T[K]> };
type OperandsOf<N extends Operation> = Operands<Operations[N][2]>;

/** The bytes of an opcode. */
export function opcode(code: Opcode): Bytes {
  return code <= 0xff ? [code] : [code >>> 16, unsigned(code & 0xffff)];
}

const constants: Readonly<Record<NumberType, (value: number) => Bytes>> = {
  i32: (value) => [0x41, signed(BigInt(value | 0))],
  i64: (value) => [0x42, signed(BigInt(value))],
  f32: (value) => [0x43, float32(value)],
  f64: (value) => [0x44, float64(value)],
};

/** A number of the given type; an i32 may also be written as the unsigned number with the same bits. */
export function constant<T extends NumberType>(type: T, value: number): Expr<T> {
  return { type, code: constants[type](value) };
}

function operand(type: ValueType, value: Expr | number): Bytes {
  return typeof value === 'number' ? constant(type as NumberType, value).code : value.code;
}

/** One instruction and what it is applied to: `op('i32.add', pointer, 16)`. */
export function op<N extends Operation>(name: N, ...operands: OperandsOf<N>): Expr<ResultOf<N>> {
  const [code, type, operandTypes] = operations[name] as readonly [Opcode, ResultOf<N>, readonly ValueType[]];
  const values = operands as readonly (Expr | number)[];
  return { type, code: [...values.map((value, k) => operand(operandTypes[k]!, value)), opcode(code)] };
}

/** `whenTrue` where `condition` is not 0, else `whenFalse`; both are computed. */
export function select<T extends NumberType>(
  whenTrue: Expr<T>,
  whenFalse: Expr<NoInfer<T>>,
  condition: Expr<'i32'>,
): Expr<T> {
  return { type: whenTrue.type, code: [whenTrue.code, whenFalse.code, condition.code, 0x1b] };
}

// ---- vectors --------------------------------------------------------------------------------------------------------

/** The same 128 bits, understood as other lanes. Costs no instruction. */
export function as<T extends VectorType>(type: T, value: Expr<VectorType>): Expr<T> {
  return { type, code: value.code };
}

/** A vector of known lanes. */
export function vectorConstant<T extends 'f32x4' | 'f64x2' | 'i32x4' | 'i64x2' | 'i8x16'>(
  type: T,
  lanes: readonly number[],
): Expr<T> {
  const laneBytes: Readonly<Record<string, (lane: number) => Bytes>> = {
    f32x4: float32,
    f64x2: float64,
    i32x4: (lane) => [lane & 0xff, (lane >>> 8) & 0xff, (lane >>> 16) & 0xff, lane >>> 24],
    i64x2: (lane) => [...new Uint8Array(BigInt64Array.of(BigInt.asIntN(64, BigInt(lane))).buffer)],
    i8x16: (lane) => [lane & 0xff],
  };
  return { type, code: [opcode(0xfd_000c), lanes.map(laneBytes[type]!)] };
}

/** An instruction on all 128 bits; the result has the lanes of the first operand. */
export function bits<T extends VectorType>(
  name: 'v128.and' | 'v128.andnot' | 'v128.or' | 'v128.xor',
  a: Expr<T>,
  b: Expr<VectorType>,
): Expr<T> {
  return { type: a.type, code: [a.code, b.code, opcode(bitwise[name])] };
}

/** Every bit the other way round. */
export function not<T extends VectorType>(a: Expr<T>): Expr<T> {
  return { type: a.type, code: [a.code, opcode(bitwise['v128.not'])] };
}

/** The bits of `whenSet` where `mask` has a 1, of `whenClear` where it has a 0. */
export function bitselect<T extends VectorType>(
  whenSet: Expr<T>,
  whenClear: Expr<NoInfer<T>>,
  mask: Expr<VectorType>,
): Expr<T> {
  return { type: whenSet.type, code: [whenSet.code, whenClear.code, mask.code, opcode(bitwise['v128.bitselect'])] };
}

/** 1 if any bit is set. */
export function anyTrue(a: Expr<VectorType>): Expr<'i32'> {
  return { type: 'i32', code: [a.code, opcode(bitwise['v128.any_true'])] };
}

/** Bytes picked from the 32 bytes of `a` and `b`. */
export function shuffle<T extends VectorType>(a: Expr<T>, b: Expr<NoInfer<T>>, picks: readonly number[]): Expr<T> {
  return { type: a.type, code: [a.code, b.code, opcode(0xfd_000d), picks] };
}

type Extractions = typeof extractions;

/** One lane as a number. */
export function extractLane<T extends keyof Extractions>(vector: Expr<T>, lane: number): Expr<Extractions[T][1]> {
  const [code, type] = extractions[vector.type];
  return { type, code: [vector.code, opcode(code), lane] };
}

// ---- memory ---------------------------------------------------------------------------------------------------------

/** The code of a load or store, to follow its operands. `align` is a promise only as large as an element of the heap. */
export function access(name: keyof typeof accesses, offset: number): Bytes {
  const [code, log2bytes] = accesses[name];
  return [opcode(code), unsigned(Math.min(log2bytes, 2)), unsigned(offset)];
}

const loads: Readonly<Record<ValueType, keyof typeof accesses>> = {
  i32: 'i32.load',
  i64: 'i64.load',
  f32: 'f32.load',
  f64: 'f64.load',
  f32x4: 'v128.load',
  f64x2: 'v128.load',
  i32x4: 'v128.load',
  i64x2: 'v128.load',
  i16x8: 'v128.load',
  i8x16: 'v128.load',
};

/** The value at `address + offset`; the offset is part of the instruction and costs nothing. */
export function load<T extends ValueType>(type: T, address: Address, offset = 0): Expr<T> {
  return { type, code: [operand('i32', address), access(loads[type], offset)] };
}

/** A load that makes a vector in another way than lane by lane. */
export function loadAs<T extends VectorType>(
  name: `v128.load${'8' | '16' | '32' | '64'}_splat` | `v128.load${'32' | '64'}_zero`,
  type: T,
  address: Address,
  offset = 0,
): Expr<T> {
  return { type, code: [operand('i32', address), access(name, offset)] };
}

/** The byte at `address + offset`, 0 to 255. */
export function loadByte(address: Address, offset = 0): Expr<'i32'> {
  return { type: 'i32', code: [operand('i32', address), access('i32.load8_u', offset)] };
}
