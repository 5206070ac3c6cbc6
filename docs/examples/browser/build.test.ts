import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nn } from 'cotangent';
import { copyDigits } from './build.js';
import { pageHeaders, servePage } from './serve.js';

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cotangent-page-'));
  await copyDigits(folder, 50);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('copyDigits(folder, digits)', () => {
  it('writes so many digits to train on, and all to test with', () => {
    const read = (name: string) => nn.data.parseIdx(readFileSync(join(folder, name)), name);
    expect(read('train-images-idx3-ubyte').shape).toEqual([50, 28, 28]);
    expect(Array.from(read('train-labels-idx1-ubyte').data).slice(0, 5)).toEqual([5, 0, 4, 1, 9]);
    expect(read('t10k-labels-idx1-ubyte').shape).toEqual([10_000]);
  });
});

describe('servePage(folder)', () => {
  const ask = (address: string): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => void get(address, (response) => resolve(response.resume())).on('error', reject));

  it('gives out files with its headers, and nothing outside the folder', async () => {
    const { address, server } = await servePage(folder);
    const file = await ask(`${address}train-labels-idx1-ubyte`);
    expect(file.statusCode).toBe(200);
    expect(file.headers).toMatchObject(pageHeaders(true));
    expect(Number(file.headers['content-length'])).toBe(statSync(join(folder, 'train-labels-idx1-ubyte')).size);
    expect((await ask(`${address}..%2f..%2fetc/passwd`)).statusCode).toBe(404);
    expect((await ask(`${address}%zz`)).statusCode).toBe(404);
    expect((await ask(address)).statusCode).toBe(404);
    server.close();
    server.closeAllConnections();
  });
});

describe('pageHeaders(webAssembly)', () => {
  it('lets WebAssembly be compiled only when asked to, and never eval', () => {
    expect(pageHeaders(true)['content-security-policy']).toContain("script-src 'self' 'wasm-unsafe-eval';");
    expect(pageHeaders(false)['content-security-policy']).toContain("script-src 'self';");
  });
});
