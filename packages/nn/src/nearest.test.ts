import { didYouMean } from './nearest.js';

const names = ['relu', 'leakyRelu', 'elu', 'meanSquaredError', 'mse', 'mae'];

describe('didYouMean', () => {
  it.each([
    ['rleu', 'relu'],
    ['leaky_relu', 'leakyRelu'],
    ['MeanSquaredError', 'meanSquaredError'],
    ['mean_squared_eror', 'meanSquaredError'],
    ['MSE', 'mse'],
    ['mea', 'mae'],
  ])('%s: %s', (given, expected) => {
    expect(didYouMean(given, names)).toBe(`Did you mean '${expected}'?`);
  });

  it.each([['gelatine'], ['x'], [''], [3], [null]])('%p: nothing', (given) => {
    expect(didYouMean(given, names)).toBeUndefined();
  });
});
