import { didYouMean } from './nearest.js';

const names = ['relu', 'elu', 'learningRate', 'leakyRelu', 'meanSquaredError', 'mse', 'mae', 'epsilon', 'epsilonMode'];

describe('didYouMean', () => {
  it.each([
    ['rleu', 'relu'],
    ['leaky_relu', 'leakyRelu'],
    ['MeanSquaredError', 'meanSquaredError'],
    ['mean_squared_eror', 'meanSquaredError'],
    ['MSE', 'mse'],
    ['mea', 'mae'],
    ['lr', 'learningRate'],
    ['eps', 'epsilon'],
  ])('%s: %s', (given, expected) => {
    expect(didYouMean(given, names)).toBe(`Did you mean '${expected}'?`);
  });

  it.each([['gelatine'], ['x'], [''], [3], [null]])('%p: nothing', (given) => {
    expect(didYouMean(given, names)).toBeUndefined();
  });
});
