/**
 * Types and instructions of WebAssembly as data, spelled as the specification spells them
 * (https://webassembly.github.io/spec/core/appendix/index-instructions.html and
 * https://github.com/WebAssembly/relaxed-simd). What our kernels do not use is not here; add a line when you need it.
 */

/** Values that JavaScript can pass to a function. */
export type NumberType = 'i32' | 'i64' | 'f32' | 'f64';

/**
 * The lanes that a 128-bit vector is understood to hold. To the engine they are all `v128`; kept apart here, so that
 * adding a mask to a number does not compile. `as` reads a vector differently on purpose.
 */
export type VectorType = 'f32x4' | 'f64x2' | 'i32x4' | 'i64x2' | 'i16x8' | 'i8x16';

export type ValueType = NumberType | VectorType;

/** The byte that stands for a type. */
export const typeCodes: Readonly<Record<ValueType, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  f32x4: 0x7b,
  f64x2: 0x7b,
  i32x4: 0x7b,
  i64x2: 0x7b,
  i16x8: 0x7b,
  i8x16: 0x7b,
};

/** Instructions above 0xff are a prefix byte and a number of their own: 0xfd_0105 is number 0x105 of prefix 0xfd. */
export type Opcode = number;

/** Instructions that take values and give one: `[opcode, result, operands]`. */
export const operations = {
  'i32.eqz': [0x45, 'i32', ['i32']],
  'i32.eq': [0x46, 'i32', ['i32', 'i32']],
  'i32.ne': [0x47, 'i32', ['i32', 'i32']],
  'i32.lt_s': [0x48, 'i32', ['i32', 'i32']],
  'i32.lt_u': [0x49, 'i32', ['i32', 'i32']],
  'i32.gt_s': [0x4a, 'i32', ['i32', 'i32']],
  'i32.gt_u': [0x4b, 'i32', ['i32', 'i32']],
  'i32.le_s': [0x4c, 'i32', ['i32', 'i32']],
  'i32.le_u': [0x4d, 'i32', ['i32', 'i32']],
  'i32.ge_s': [0x4e, 'i32', ['i32', 'i32']],
  'i32.ge_u': [0x4f, 'i32', ['i32', 'i32']],
  'i32.add': [0x6a, 'i32', ['i32', 'i32']],
  'i32.sub': [0x6b, 'i32', ['i32', 'i32']],
  'i32.mul': [0x6c, 'i32', ['i32', 'i32']],
  'i32.div_u': [0x6e, 'i32', ['i32', 'i32']],
  'i32.rem_u': [0x70, 'i32', ['i32', 'i32']],
  'i32.and': [0x71, 'i32', ['i32', 'i32']],
  'i32.or': [0x72, 'i32', ['i32', 'i32']],
  'i32.xor': [0x73, 'i32', ['i32', 'i32']],
  'i32.shl': [0x74, 'i32', ['i32', 'i32']],
  'i32.shr_s': [0x75, 'i32', ['i32', 'i32']],
  'i32.shr_u': [0x76, 'i32', ['i32', 'i32']],
  'i32.reinterpret_f32': [0xbc, 'i32', ['f32']],
  'f32.eq': [0x5b, 'i32', ['f32', 'f32']],
  'f32.ne': [0x5c, 'i32', ['f32', 'f32']],
  'f32.lt': [0x5d, 'i32', ['f32', 'f32']],
  'f32.add': [0x92, 'f32', ['f32', 'f32']],
  'f32.sub': [0x93, 'f32', ['f32', 'f32']],
  'f32.mul': [0x94, 'f32', ['f32', 'f32']],
  'f32.div': [0x95, 'f32', ['f32', 'f32']],
  'f32.min': [0x96, 'f32', ['f32', 'f32']],
  'f32.max': [0x97, 'f32', ['f32', 'f32']],
  'f32.demote_f64': [0xb6, 'f32', ['f64']],
  'f64.eq': [0x61, 'i32', ['f64', 'f64']],
  'f64.ne': [0x62, 'i32', ['f64', 'f64']],
  'f64.lt': [0x63, 'i32', ['f64', 'f64']],
  'f64.add': [0xa0, 'f64', ['f64', 'f64']],
  'f64.sub': [0xa1, 'f64', ['f64', 'f64']],
  'f64.mul': [0xa2, 'f64', ['f64', 'f64']],
  'f64.div': [0xa3, 'f64', ['f64', 'f64']],
  'f64.min': [0xa4, 'f64', ['f64', 'f64']],
  'f64.max': [0xa5, 'f64', ['f64', 'f64']],
  'f32.convert_i32_u': [0xb3, 'f32', ['i32']],
  'f64.convert_i32_u': [0xb8, 'f64', ['i32']],
  'f64.promote_f32': [0xbb, 'f64', ['f32']],

  'i8x16.swizzle': [0xfd_000e, 'i8x16', ['i8x16', 'i8x16']],
  'i8x16.narrow_i16x8_s': [0xfd_0065, 'i8x16', ['i16x8', 'i16x8']],
  'i16x8.narrow_i32x4_s': [0xfd_0085, 'i16x8', ['i32x4', 'i32x4']],
  'i16x8.extend_low_i8x16_u': [0xfd_0089, 'i16x8', ['i8x16']],

  'i32x4.splat': [0xfd_0011, 'i32x4', ['i32']],
  'i32x4.extend_low_i16x8_u': [0xfd_00a9, 'i32x4', ['i16x8']],
  'i32x4.eq': [0xfd_0037, 'i32x4', ['i32x4', 'i32x4']],
  'i32x4.ne': [0xfd_0038, 'i32x4', ['i32x4', 'i32x4']],
  'i32x4.lt_s': [0xfd_0039, 'i32x4', ['i32x4', 'i32x4']],
  'i32x4.gt_s': [0xfd_003b, 'i32x4', ['i32x4', 'i32x4']],
  'i32x4.shl': [0xfd_00ab, 'i32x4', ['i32x4', 'i32']],
  'i32x4.shr_s': [0xfd_00ac, 'i32x4', ['i32x4', 'i32']],
  'i32x4.shr_u': [0xfd_00ad, 'i32x4', ['i32x4', 'i32']],
  'i32x4.add': [0xfd_00ae, 'i32x4', ['i32x4', 'i32x4']],
  'i32x4.sub': [0xfd_00b1, 'i32x4', ['i32x4', 'i32x4']],
  'i32x4.min_s': [0xfd_00b6, 'i32x4', ['i32x4', 'i32x4']],
  'i32x4.max_s': [0xfd_00b8, 'i32x4', ['i32x4', 'i32x4']],
  'i32x4.trunc_sat_f32x4_s': [0xfd_00f8, 'i32x4', ['f32x4']],
  'i32x4.trunc_sat_f64x2_s_zero': [0xfd_00fc, 'i32x4', ['f64x2']],

  'i64x2.splat': [0xfd_0012, 'i64x2', ['i64']],
  'i64x2.extend_low_i32x4_u': [0xfd_00c9, 'i64x2', ['i32x4']],
  'i64x2.shl': [0xfd_00cb, 'i64x2', ['i64x2', 'i32']],
  'i64x2.shr_s': [0xfd_00cc, 'i64x2', ['i64x2', 'i32']],
  'i64x2.shr_u': [0xfd_00cd, 'i64x2', ['i64x2', 'i32']],
  'i64x2.add': [0xfd_00ce, 'i64x2', ['i64x2', 'i64x2']],
  'i64x2.sub': [0xfd_00d1, 'i64x2', ['i64x2', 'i64x2']],
  'i64x2.eq': [0xfd_00d6, 'i64x2', ['i64x2', 'i64x2']],
  'i64x2.ne': [0xfd_00d7, 'i64x2', ['i64x2', 'i64x2']],

  'f32x4.splat': [0xfd_0013, 'f32x4', ['f32']],
  'f32x4.eq': [0xfd_0041, 'i32x4', ['f32x4', 'f32x4']],
  'f32x4.ne': [0xfd_0042, 'i32x4', ['f32x4', 'f32x4']],
  'f32x4.lt': [0xfd_0043, 'i32x4', ['f32x4', 'f32x4']],
  'f32x4.gt': [0xfd_0044, 'i32x4', ['f32x4', 'f32x4']],
  'f32x4.le': [0xfd_0045, 'i32x4', ['f32x4', 'f32x4']],
  'f32x4.ge': [0xfd_0046, 'i32x4', ['f32x4', 'f32x4']],
  'f32x4.ceil': [0xfd_0067, 'f32x4', ['f32x4']],
  'f32x4.floor': [0xfd_0068, 'f32x4', ['f32x4']],
  'f32x4.trunc': [0xfd_0069, 'f32x4', ['f32x4']],
  'f32x4.nearest': [0xfd_006a, 'f32x4', ['f32x4']],
  'f32x4.abs': [0xfd_00e0, 'f32x4', ['f32x4']],
  'f32x4.neg': [0xfd_00e1, 'f32x4', ['f32x4']],
  'f32x4.sqrt': [0xfd_00e3, 'f32x4', ['f32x4']],
  'f32x4.add': [0xfd_00e4, 'f32x4', ['f32x4', 'f32x4']],
  'f32x4.sub': [0xfd_00e5, 'f32x4', ['f32x4', 'f32x4']],
  'f32x4.mul': [0xfd_00e6, 'f32x4', ['f32x4', 'f32x4']],
  'f32x4.div': [0xfd_00e7, 'f32x4', ['f32x4', 'f32x4']],
  'f32x4.min': [0xfd_00e8, 'f32x4', ['f32x4', 'f32x4']],
  'f32x4.max': [0xfd_00e9, 'f32x4', ['f32x4', 'f32x4']],
  'f32x4.pmin': [0xfd_00ea, 'f32x4', ['f32x4', 'f32x4']],
  'f32x4.pmax': [0xfd_00eb, 'f32x4', ['f32x4', 'f32x4']],
  'f32x4.convert_i32x4_s': [0xfd_00fa, 'f32x4', ['i32x4']],
  'f32x4.demote_f64x2_zero': [0xfd_005e, 'f32x4', ['f64x2']],
  'f32x4.relaxed_madd': [0xfd_0105, 'f32x4', ['f32x4', 'f32x4', 'f32x4']],
  'f32x4.relaxed_nmadd': [0xfd_0106, 'f32x4', ['f32x4', 'f32x4', 'f32x4']],

  'f64x2.splat': [0xfd_0014, 'f64x2', ['f64']],
  'f64x2.eq': [0xfd_0047, 'i64x2', ['f64x2', 'f64x2']],
  'f64x2.ne': [0xfd_0048, 'i64x2', ['f64x2', 'f64x2']],
  'f64x2.lt': [0xfd_0049, 'i64x2', ['f64x2', 'f64x2']],
  'f64x2.gt': [0xfd_004a, 'i64x2', ['f64x2', 'f64x2']],
  'f64x2.le': [0xfd_004b, 'i64x2', ['f64x2', 'f64x2']],
  'f64x2.ge': [0xfd_004c, 'i64x2', ['f64x2', 'f64x2']],
  'f64x2.promote_low_f32x4': [0xfd_005f, 'f64x2', ['f32x4']],
  'f64x2.ceil': [0xfd_0074, 'f64x2', ['f64x2']],
  'f64x2.floor': [0xfd_0075, 'f64x2', ['f64x2']],
  'f64x2.trunc': [0xfd_007a, 'f64x2', ['f64x2']],
  'f64x2.nearest': [0xfd_0094, 'f64x2', ['f64x2']],
  'f64x2.abs': [0xfd_00ec, 'f64x2', ['f64x2']],
  'f64x2.neg': [0xfd_00ed, 'f64x2', ['f64x2']],
  'f64x2.sqrt': [0xfd_00ef, 'f64x2', ['f64x2']],
  'f64x2.add': [0xfd_00f0, 'f64x2', ['f64x2', 'f64x2']],
  'f64x2.sub': [0xfd_00f1, 'f64x2', ['f64x2', 'f64x2']],
  'f64x2.mul': [0xfd_00f2, 'f64x2', ['f64x2', 'f64x2']],
  'f64x2.div': [0xfd_00f3, 'f64x2', ['f64x2', 'f64x2']],
  'f64x2.min': [0xfd_00f4, 'f64x2', ['f64x2', 'f64x2']],
  'f64x2.max': [0xfd_00f5, 'f64x2', ['f64x2', 'f64x2']],
  'f64x2.pmin': [0xfd_00f6, 'f64x2', ['f64x2', 'f64x2']],
  'f64x2.pmax': [0xfd_00f7, 'f64x2', ['f64x2', 'f64x2']],
  'f64x2.convert_low_i32x4_s': [0xfd_00fe, 'f64x2', ['i32x4']],
  'f64x2.relaxed_madd': [0xfd_0107, 'f64x2', ['f64x2', 'f64x2', 'f64x2']],
  'f64x2.relaxed_nmadd': [0xfd_0108, 'f64x2', ['f64x2', 'f64x2', 'f64x2']],
} as const;

/** Instructions on 128 bits, whatever lanes they hold. */
export const bitwise = {
  'v128.not': 0xfd_004d,
  'v128.and': 0xfd_004e,
  'v128.andnot': 0xfd_004f,
  'v128.or': 0xfd_0050,
  'v128.xor': 0xfd_0051,
  'v128.bitselect': 0xfd_0052,
  'v128.any_true': 0xfd_0053,
} as const;

/** Moving values between memory and the stack: `[opcode, log2 of the bytes moved]`. */
export const accesses = {
  'i32.load': [0x28, 2],
  'i64.load': [0x29, 3],
  'f32.load': [0x2a, 2],
  'f64.load': [0x2b, 3],
  'i32.load8_u': [0x2d, 0],
  'i32.store': [0x36, 2],
  'i64.store': [0x37, 3],
  'f32.store': [0x38, 2],
  'f64.store': [0x39, 3],
  'i32.store8': [0x3a, 0],
  'v128.load': [0xfd_0000, 4],
  'v128.load8_splat': [0xfd_0007, 0],
  'v128.load16_splat': [0xfd_0008, 1],
  'v128.load32_splat': [0xfd_0009, 2],
  'v128.load64_splat': [0xfd_000a, 3],
  'v128.load32_zero': [0xfd_005c, 2],
  'v128.load64_zero': [0xfd_005d, 3],
  'v128.store': [0xfd_000b, 4],
  'v128.store8_lane': [0xfd_0058, 0],
  'v128.store16_lane': [0xfd_0059, 1],
  'v128.store32_lane': [0xfd_005a, 2],
  'v128.store64_lane': [0xfd_005b, 3],
} as const;

/** One lane of a vector as a number: `[opcode, result]`. */
export const extractions = {
  f32x4: [0xfd_001f, 'f32'],
  f64x2: [0xfd_0021, 'f64'],
  i32x4: [0xfd_001b, 'i32'],
  i64x2: [0xfd_001d, 'i64'],
} as const;
