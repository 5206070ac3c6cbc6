/** @cotangent/nn/node: what reads and writes files, and so needs Node. */
export {
  BackupAndRestore,
  type BackupAndRestoreOptions,
  CSVLogger,
  type CSVLoggerOptions,
  ModelCheckpoint,
  type ModelCheckpointOptions,
} from './callbacks/files.js';

export { TensorBoard, type TensorBoardOptions } from './callbacks/tensorBoard.js';
export { csvFileDataset, ImageFolderDataset, type ImageFolderOptions, imageFolderDataset } from './data/files.js';
export { type LabelledImages, loadMnist, type MnistOptions, readIdx } from './data/mnist.js';
export { WorkerDataset, type WorkerDatasetOptions, workerDataset } from './data/workers.js';
export { loadCheckpoint, loadWeights, saveCheckpoint, saveWeights, writeAtomically } from './io/files.js';
export { SummaryWriter } from './seeing/summaryWriter.js';
