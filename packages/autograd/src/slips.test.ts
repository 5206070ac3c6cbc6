/** What people write who come from another library, or in plain JavaScript: every error says what to write instead. */

import { ArgumentError, DTypeError, IndexError } from '@cotangent/kernels';
import * as ct from './index.js';
import { expectError } from './testing/expectError.js';

// biome-ignore lint/suspicious/noExplicitAny: these are programs that the compiler would refuse
type Loose = any;
const { tensor, ones } = ct;
const loose: Loose = ct;
const x: Loose = ones([2, 3]);

describe('lists written as several arguments', () => {
  it.each([
    ['reshape', 'shape 3', () => x.reshape(3, 2)],
    ['permute', 'axes 1', () => x.permute(1, 0)],
    ['broadcastTo', 'shape 2', () => x.broadcastTo(2, 3)],
    ['tile', 'counts 2', () => x.tile(2, 2)],
    ['zeros', 'shape 2', () => loose.zeros(2, 3)],
    ['full', 'shape 3', () => loose.full(3, 1)],
    ['randomNormal', 'shape 2', () => loose.randomNormal(2)],
  ])('%s', (operation, came, f) => {
    const message = `${operation}: got ${came}; expected an array of whole numbers. For example [3, 2].`;
    expectError(f, ArgumentError, message);
  });

  it.each(['concat', 'stack'])('%s', (operation) => {
    const message = `${operation}: got no array; expected one of tensors. Write ${operation}([a, b]).`;
    expectError(() => loose[operation](x, x), ArgumentError, message);
  });
});

describe('transforms of what is no function', () => {
  it.each(['grad', 'valueAndGrad', 'jacrev', 'jacfwd', 'hessian', 'vmap', 'checkpoint'])('%s', (name) => {
    const mend = `expected a function alone. Write ${name}(f)(x).`;
    expectError(() => loose[name](x), ArgumentError, `${name}: got a tensor; ${mend}`);
    expectError(() => loose[name]((y: ct.Tensor) => y.sum(), x), ArgumentError, `${name}: got a tensor; ${mend}`);
    expectError(() => loose[name](undefined), ArgumentError, `${name}: got undefined; ${mend}`);
  });

  it.each(['vjp', 'linearize'])('%s without a list', (name) => {
    const message = `${name}: got arguments that are not in an array. Write ${name}(f, [x]).`;
    expectError(() => loose[name]((y: ct.Tensor) => y.sum(), x), ArgumentError, message);
  });

  it.each(['jvp', 'hvp'])('%s without lists', (name) => {
    const message = `${name}: got arguments that are not in an array. Write ${name}(f, [x], [v]).`;
    expectError(() => loose[name]((y: ct.Tensor) => y.sum(), x, x), ArgumentError, message);
    expectError(() => loose[name]((y: ct.Tensor) => y.sum(), [x], x), ArgumentError, message);
  });

  it.each(['noGrad', 'scope', 'record'])('%s', (name) => {
    expectError(
      () => loose[name](x),
      ArgumentError,
      `${name}: got a tensor; expected a function. Write ${name}(() => …).`,
    );
  });
});

describe('operators of JavaScript', () => {
  const message = /^Tensor: got an operator of JavaScript.*Write x\.add\(y\) for x \+ y, x\.greater\(0\) for x > 0;/;

  it.each([
    ['x + x', () => x + x],
    ['x + 1', () => x + 1],
    ['2 * x', () => 2 * x],
    ['-x', () => -x],
    ['x > 0', () => x > 0],
    ['Number(x)', () => Number(x)],
  ])('%s', (_, f) => {
    expectError(f, ArgumentError, message);
  });

  it('a text is what toString gives', () => {
    const y = tensor([1, 2]);
    expect([`${y}`, String(y), [y].join()]).toEqual(Array(3).fill('Tensor float32 [2] [1, 2]'));
  });
});

describe('others', () => {
  it.each([
    [() => tensor('abc' as Loose), DTypeError, 'tensor: got data string; expected a number or boolean'],
    [() => loose.full([3]), ArgumentError, 'full: got value undefined; expected a number. Write full([2, 3], 0.5).'],
    [() => x.slice('1:3'), IndexError, 'slice: got 1:3; expected an index, [start, stop, step], or null for all'],
    [() => x.max({ axis: '0' }), IndexError, 'max: got axis 0; expected an integer from -2 to 1'],
    [
      () => loose.onesLike(3),
      DTypeError,
      'onesLike: got x number; expected a tensor. Wrap numbers and arrays with tensor(…).',
    ],
  ] as [() => unknown, Loose, string][])('%s', (f, type, message) => {
    expectError(f, type, message);
  });
});
