/** Datasets of files. Need Node. */

import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tensor } from '@cotangent/autograd';
import { ArgumentError, FormatError } from '@cotangent/kernels';
import { checkBoolean, checkChoice, checkOptions, shown } from '../options.js';
import { type CsvOptions, type CsvRow, csvDataset } from './csv.js';
import type { Dataset } from './dataset.js';
import { decodeImage } from './images.js';
import { SampleDataset } from './indexed.js';

/** Options of `imageFolderDataset`. */
export interface ImageFolderOptions {
  /** What becomes of the colours: 'gray' one channel, 'rgb' three, 'rgba' four. @defaultValue 'rgb' */
  colorMode?: 'gray' | 'rgb' | 'rgba';
  /** Names of the classes, in the order of their labels. @defaultValue the folders, sorted */
  classNames?: readonly string[];
  /** Whether pictures in folders inside those of the classes belong to them. @defaultValue false */
  recursive?: boolean;
}

const channels = { gray: 1, rgb: 3, rgba: 4 } as const;
const isPicture = (name: string): boolean => /\.(png|jpe?g)$/i.test(name);

/**
 * Pictures in one folder for each class. Make it with `imageFolderDataset`.
 *
 * @example
 * const bytes = await nn.data.encodePng(zeros([4, 4, 1], { dtype: 'uint8' }));
 * await writeAtomically('cat.png', bytes);
 * const pictures = new ImageFolderDataset(['cats'], [['cat.png', 0]], 'gray');
 * const [image] = await pictures.get(0);
 * image.shape; // → [4, 4, 1]
 */
export class ImageFolderDataset extends SampleDataset<[image: Tensor, label: number]> {
  /** @internal */
  constructor(
    /** Names of the classes, by label. */
    readonly classNames: readonly string[],
    /** Paths of the pictures, and their labels. */
    readonly files: readonly (readonly [path: string, label: number])[],
    private readonly colorMode: 'gray' | 'rgb' | 'rgba',
  ) {
    super();
  }

  get length(): number {
    return this.files.length;
  }

  /**
   * @returns the picture as uint8 [height, width, channels], and its label
   * @throws ArgumentError for an index out of range; FormatError for a file that is no picture
   */
  override async get(index: number): Promise<[image: Tensor, label: number]> {
    const file = this.files[index];
    if (file === undefined)
      throw new ArgumentError('get', `got index ${index}; the dataset has ${this.length} samples`);
    const [path, label] = file;
    try {
      return [await decodeImage(await readFile(path), { channels: channels[this.colorMode] }), label];
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      throw new FormatError(path, error.message, error.byteOffset);
    }
  }
}

/**
 * Pictures (PNG, JPEG) in one folder for each class: `folder/cat/1.png`, `folder/dog/2.jpg`.
 *
 * @returns samples `[image, label]`, sorted by class and name; pictures are read when they are asked for
 * @throws ArgumentError where there are no folders, or no pictures in them
 * @see https://keras.io/api/data_loading/image/
 * @example
 * // pictures/cats/1.png, pictures/dogs/1.png, …
 * const pictures = await imageFolderDataset('pictures');
 * const resize = new nn.Resizing({ height: 32, width: 32 });
 * const loader = new nn.data.DataLoader(pictures.transformFirst((image) => resize.call(image)), { batchSize: 32 });
 */
export async function imageFolderDataset(
  folder: string,
  options: ImageFolderOptions = {},
): Promise<ImageFolderDataset> {
  const name = 'imageFolderDataset';
  checkOptions(name, options, ['colorMode', 'classNames', 'recursive']);
  const colorMode = checkChoice(name, 'colorMode', options.colorMode ?? 'rgb', ['gray', 'rgb', 'rgba']);
  const recursive = checkBoolean(name, 'recursive', options.recursive ?? false);
  if (typeof folder !== 'string') throw new ArgumentError(name, `got folder ${shown(folder)}; expected a path`);
  if (!(await stat(folder).catch(() => null))?.isDirectory())
    throw new ArgumentError(name, `got folder '${folder}', which is none`);
  const entries = await readdir(folder, { withFileTypes: true });
  const found = entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .sort();
  const classNames = options.classNames ?? found;
  const missing = classNames.filter((className) => !found.includes(className));
  if (missing.length > 0 || classNames.length === 0)
    throw new ArgumentError(
      name,
      classNames.length === 0
        ? `'${folder}' has no folders; expected one for each class`
        : `'${folder}' has no folder ${missing.join(', ')}; it has ${found.join(', ')}`,
    );
  const files: [string, number][] = [];
  for (const [label, className] of classNames.entries()) {
    const inside = await readdir(join(folder, className), { recursive });
    for (const file of inside.filter(isPicture).sort()) files.push([join(folder, className, file), label]);
  }
  if (files.length === 0)
    throw new ArgumentError(name, `'${folder}' has no pictures; expected .png, .jpg or .jpeg in folders of classes`);
  return new ImageFolderDataset(classNames, files, colorMode);
}

/**
 * The rows of a file of comma-separated values.
 *
 * @param options as of `csvDataset`
 * @throws as `csvDataset`
 * @example
 * await writeAtomically('points.csv', 'x,y\n1,2\n3,4\n');
 * const rows: unknown[] = [];
 * for await (const row of await csvFileDataset('points.csv')) rows.push(row);
 * rows; // → [{"x": 1, "y": 2}, {"x": 3, "y": 4}]
 */
export async function csvFileDataset(
  path: string,
  options: CsvOptions = {},
): Promise<Dataset<CsvRow | [CsvRow, number | string]>> {
  return csvDataset(await readFile(path, 'utf8'), { source: path, ...options } as CsvOptions);
}
