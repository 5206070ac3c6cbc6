/** Data: datasets, loaders, samplers, splits, files. The namespace `nn.data`. */

export { type CsvOptions, type CsvRow, csvDataset, textLineDataset } from './csv.js';
export {
  type BatchOptions,
  Dataset,
  type Elements,
  type Entry,
  type InterleaveOptions,
  type MapContext,
  type MapOptions,
  type ShuffleOptions,
  type WindowOptions,
} from './dataset.js';
export { type DecodeImageOptions, decodeImage, encodeJpeg, encodePng } from './images.js';
export { type IdxData, parseIdx } from './idx.js';
export { ArrayDataset, type IndexedDataset, SampleDataset, SimpleDataset } from './indexed.js';
export { batchify, DataLoader, type DataLoaderOptions } from './loader.js';
export {
  BatchSampler,
  type BatchSampling,
  IntervalSampler,
  type LastBatch,
  RandomSampler,
  type RandomSamplerOptions,
  type Sampler,
  SequentialSampler,
  SubsetRandomSampler,
  WeightedRandomSampler,
  type WeightedRandomSamplerOptions,
} from './samplers.js';
export {
  type KFoldOptions,
  kFold,
  type SplitDatasetOptions,
  splitDataset,
  type TrainTestSplitOptions,
  trainTestSplit,
} from './splits.js';
export { type TimeSeriesOptions, timeSeriesDatasetFromArray } from './timeSeries.js';
export type { PadOptions, Stacked } from './trees.js';
