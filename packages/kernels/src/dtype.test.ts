import {
  bytesPerElement,
  createArray,
  dtypeOfArray,
  dtypes,
  floatingDType,
  isDType,
  isFloating,
  promoteDTypes,
} from './dtype.js';

describe('promoteDTypes(a, b)', () => {
  it('is commutative, associative, idempotent, and never below either operand', () => {
    for (const a of dtypes) {
      expect(promoteDTypes(a, a)).toBe(a);
      for (const b of dtypes) {
        const both = promoteDTypes(a, b);
        expect(promoteDTypes(b, a)).toBe(both);
        expect(dtypes.indexOf(both)).toBe(Math.max(dtypes.indexOf(a), dtypes.indexOf(b)));
        for (const c of dtypes) expect(promoteDTypes(both, c)).toBe(promoteDTypes(a, promoteDTypes(b, c)));
      }
    }
  });

  it('keeps float32 with int32, as PyTorch does', () => {
    expect(promoteDTypes('int32', 'float32')).toBe('float32');
  });
});

describe('dtypes', () => {
  it('make arrays of their own element size, zeroed', () => {
    for (const dtype of dtypes) {
      const array = createArray(dtype, 3);
      expect(array.BYTES_PER_ELEMENT).toBe(bytesPerElement(dtype));
      expect([...array]).toEqual([0, 0, 0]);
      expect(dtypeOfArray(array)).toBe(dtype === 'bool' ? 'uint8' : dtype);
    }
  });

  it('lead to a float where a function leaves the integers', () => {
    expect(dtypes.map(floatingDType)).toEqual(['float32', 'float32', 'float32', 'float32', 'float64']);
    expect(dtypes.filter(isFloating)).toEqual(['float32', 'float64']);
  });
});

describe('isDType(name)', () => {
  it('knows its own names and no property of Object', () => {
    expect(dtypes.every(isDType)).toBe(true);
    for (const name of ['float16', 'constructor', '__proto__', 'toString', '', null, undefined, 3]) {
      expect(isDType(name)).toBe(false);
    }
  });
});

describe('dtypeOfArray(array)', () => {
  it('is undefined for arrays that we have no dtype for', () => {
    for (const array of [new Int8Array(1), new BigInt64Array(1), new DataView(new ArrayBuffer(8)), [1, 2], null, 'x']) {
      expect(dtypeOfArray(array)).toBeUndefined();
    }
    expect(dtypeOfArray(new Uint8ClampedArray(1))).toBe('uint8');
  });
});
