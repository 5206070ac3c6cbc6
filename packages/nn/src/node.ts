/** @cotangent/nn/node: what reads files, and so needs Node. */

export { type LabelledImages, loadMnist, type MnistOptions, readIdx } from './data/mnist.js';
