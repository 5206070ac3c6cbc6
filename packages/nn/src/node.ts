/** @cotangent/nn/node: what reads and writes files, and so needs Node. */
export {
  BackupAndRestore,
  type BackupAndRestoreOptions,
  CSVLogger,
  type CSVLoggerOptions,
  ModelCheckpoint,
  type ModelCheckpointOptions,
} from './callbacks/files.js';

export { type LabelledImages, loadMnist, type MnistOptions, readIdx } from './data/mnist.js';
export { loadCheckpoint, loadWeights, saveCheckpoint, saveWeights, writeAtomically } from './io/files.js';
