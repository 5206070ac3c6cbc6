import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle, run } from '../../fixtures/testing/bundle.js';

describe('workerDataset()', () => {
  let folder: string;
  beforeAll(() => {
    folder = bundle({
      workerPrograms: 'nn/fixtures/testing/workerPrograms.ts',
      slowSquares: 'nn/fixtures/testing/slowSquares.ts',
      workerThread: 'nn/src/data/workerThread.ts',
    });
    writeFileSync(join(folder, 'wrong.js'), 'export default 3;');
  });

  const program = async (name: string): Promise<never> =>
    JSON.parse(await run(join(folder, 'workerPrograms.js'), name)) as never;

  it('gives what the dataset gives without threads, in the same order', async () => {
    const { here, threads } = (await program('same')) as { here: unknown[]; threads: unknown[] };
    expect(here).toHaveLength(6);
    expect(threads).toEqual([here, here]);
  }, 30_000);

  it('says which sample failed, with the stack of the thread, and goes on', async () => {
    const { first, after, closed } = (await program('failure')) as Record<string, { message: string; cause: string }>;
    expect(first!.message).toBe('workerDataset: sample 5: no square of 5');
    expect(first!.cause).toMatch(/RangeError: no square of 5\n.*slowSquares/);
    expect(after).toBeNull();
    expect(closed!.message).toBe('workerDataset: the dataset has been closed');
  }, 30_000);

  it('ends with an error, and not in a hang, when a thread does', async () => {
    const { first, after } = (await program('exit')) as Record<string, { message: string }>;
    expect(first!.message).toMatch(/^workerDataset: a worker thread ended with exit code 3\. Its module must not end/);
    expect(after).toEqual(first);
  }, 30_000);

  it('says what is wrong with a module', async () => {
    const { missing, wrong } = (await program('module')) as Record<string, { message: string }>;
    expect(missing!.message).toMatch(/none\.js/);
    expect(wrong!.message).toMatch(/wrong\.js has no default export that is a function; expected \(data\) => dataset$/);
  }, 30_000);

  it('stays until its threads have ended, when answers come meanwhile', async () => {
    expect(await program('closing')).toBe('closed');
  }, 60_000);

  it('lets the process end when its samples are no longer asked for', async () => {
    expect(await program('abandoned')).toBe('left');
  }, 30_000);
});
