import {
  ArgumentError,
  CotangentError,
  DTypeError,
  FormatError,
  IndexError,
  InternalError,
  invariant,
  ShapeError,
  showShape,
} from './errors.js';

describe('errors', () => {
  it('ShapeError says what came, what was expected and the mend', () => {
    const error = new ShapeError('matmul', { a: [2, 3], b: { shape: [] } }, 'equal k', 'Did you mean b.T?');
    expect(error.message).toBe('matmul: got a [2, 3] and b []; expected equal k. Did you mean b.T?');
    expect(error.operation).toBe('matmul');
    expect(error.name).toBe('ShapeError');
  });

  it('DTypeError says which dtypes came', () => {
    expect(new DTypeError('exp', { x: 'int32' }, 'float32 or float64').message).toBe(
      'exp: got x int32; expected float32 or float64',
    );
  });

  it('a mend follows exactly one full stop', () => {
    expect(new ArgumentError('f', 'got x', 'Do y.').message).toBe('f: got x. Do y.');
    expect(new ArgumentError('f', 'got x.', 'Do y.').message).toBe('f: got x. Do y.');
    expect(new ArgumentError('f', 'why?', 'Do y.').message).toBe('f: why? Do y.');
  });

  it('FormatError tells the byte offset, 0 included', () => {
    const error = new FormatError('npy', 'bad magic', 0);
    expect(error.message).toBe('npy: bad magic (at byte 0)');
    expect(error.byteOffset).toBe(0);
    expect(new FormatError('npy', 'bad magic').message).toBe('npy: bad magic');
  });

  it('locate(path) puts the innermost module in front, in the stack too', () => {
    const error = new IndexError('take', 'got index $& 7; expected less');
    error.locate('encoder.0.dense');
    error.locate('encoder');
    expect(error.message).toBe('encoder.0.dense › take: got index $& 7; expected less');
    expect(error.path).toBe('encoder.0.dense');
    expect(error.stack).toContain('encoder.0.dense › take: got index $& 7; expected less\n');
  });

  it('each is a CotangentError under its own name', () => {
    for (const [error, name] of [
      [new ShapeError('f', {}, 'x'), 'ShapeError'],
      [new DTypeError('f', {}, 'x'), 'DTypeError'],
      [new IndexError('f', 'x'), 'IndexError'],
      [new ArgumentError('f', 'x'), 'ArgumentError'],
      [new FormatError('f', 'x'), 'FormatError'],
      [new InternalError('x'), 'InternalError'],
    ] as const) {
      expect(error).toBeInstanceOf(CotangentError);
      expect(error.name).toBe(name);
      expect(String(error)).toMatch(new RegExp(`^${name}: `));
    }
  });
});

describe('invariant(condition, problem)', () => {
  it('is silent while it holds, and asks for a report when it does not', () => {
    expect(() => invariant(true, 'x')).not.toThrow();
    expect(() => invariant(false, 'a block is free twice')).toThrow(InternalError);
    expect(() => invariant(false, 'a block is free twice')).toThrow(
      'internal error: a block is free twice. This is a bug in Cotangent: please report it',
    );
  });
});

describe('showShape(shape)', () => {
  it('writes shapes one way', () => {
    expect([showShape([]), showShape([2]), showShape([2, 3])]).toEqual(['[]', '[2]', '[2, 3]']);
  });
});
