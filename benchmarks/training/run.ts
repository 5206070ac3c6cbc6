/** Whole training steps beside other libraries: each in a process of its own, in turns within one run. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Row, summarize } from '../rows.js';
import type { Answer } from './worker.js';
import { workloads } from './workloads.js';

/** A measurement repeats a step until it lasts this long. */
const leastMilliseconds = 60;
const rounds = 15;
/** What is done before anything is measured. */
const warmMilliseconds = 2000;
/** What a slow library may take of the reader's time, in all rounds but the first two. */
const mostMilliseconds = 4000;
/** A step longer than this is measured by the first steps alone. */
const slowMilliseconds = 1500;
/** A library that has not done its first steps by then is left out. */
const patienceMilliseconds = 150_000;
/** Steps after which the numbers of all libraries are compared. */
const comparedSteps = 5;

const worker = fileURLToPath(new URL('./worker.js', import.meta.url));
const script = fileURLToPath(new URL('../../../benchmarks/training/libraries/training.py', import.meta.url));
const peers = fileURLToPath(new URL('../../../benchmarks/peers/node_modules/', import.meta.url));
const environment = {
  ...process.env,
  OPENBLAS_NUM_THREADS: '1',
  OMP_NUM_THREADS: '1',
  MKL_NUM_THREADS: '1',
  OMP_WAIT_POLICY: 'passive',
};

/** How to start each library that this machine has. */
function libraries(): ReadonlyMap<string, readonly string[]> {
  const found = new Map([['cotangent', [process.execPath, worker, 'cotangent']]]);
  if (existsSync(`${peers}@tensorflow/tfjs-core`))
    for (const backend of ['TF.js cpu', 'TF.js wasm']) found.set(backend, [process.execPath, worker, backend]);
  else console.error('bench: without TF.js and jax-js, which `npm run bench:peers` installs');
  if (existsSync(`${peers}@jax-js/jax`)) {
    if (Number.parseInt(process.versions.node, 10) >= 24) found.set('jax-js', [process.execPath, worker, 'jax-js']);
    else console.error('bench: without jax-js, which needs Node 24');
  }
  const python = ['python3', '/usr/bin/python3'].find((name) => spawnSync(name, ['-c', 'import torch']).status === 0);
  if (python === undefined) console.error('bench: without PyTorch, which no python3 has');
  else found.set('PyTorch', [python, script]);
  return found;
}

/** A library at a workload. */
class Contender {
  private readonly child: ChildProcess;
  private readonly waiting: ((line: string | null) => void)[] = [];
  private readonly said: string[] = [];
  private ended = false;

  constructor(
    readonly library: string,
    command: readonly string[],
    workload: string,
  ) {
    const [program, ...args] = command;
    this.child = spawn(program!, [...args, workload], { env: environment, stdio: ['pipe', 'pipe', 'ignore'] });
    createInterface({ input: this.child.stdout! }).on('line', (line) => {
      // Some libraries greet.
      if (line !== 'ready' && !line.startsWith('{')) return;
      const next = this.waiting.shift();
      if (next === undefined) this.said.push(line);
      else next(line);
    });
    this.child.stdin!.on('error', () => {});
    this.child.on('close', () => {
      this.ended = true;
      for (const next of this.waiting.splice(0)) next(null);
    });
  }

  private line(): Promise<string | null> {
    const said = this.said.shift();
    if (said !== undefined) return Promise.resolve(said);
    return this.ended ? Promise.resolve(null) : new Promise((resolve) => this.waiting.push(resolve));
  }

  /** The first steps, or null from a library that cannot do the work or takes too long. */
  async start(): Promise<Answer | null> {
    const impatient = setTimeout(() => this.child.kill(), patienceMilliseconds);
    try {
      if ((await this.line()) !== 'ready') return null;
      return await this.steps(comparedSteps);
    } catch {
      return null;
    } finally {
      clearTimeout(impatient);
    }
  }

  async steps(count: number): Promise<Answer> {
    this.child.stdin!.write(`${count}\n`);
    const line = await this.line();
    if (line === null) throw new Error(`${this.library} ended in the middle of its work`);
    return JSON.parse(line) as Answer;
  }

  end(): void {
    this.child.kill();
  }
}

/**
 * Steps until the code is compiled and the memory found (an engine compiles small functions for the last time after some ten thousand calls);
 * how many make one measurement.
 */
async function warm(contender: Contender): Promise<{ count: number; each: number }> {
  let spent = 0;
  let each = 0;
  for (let steps = 1; spent < warmMilliseconds; steps = Math.min(2 * steps, 4096)) {
    each = (await contender.steps(steps)).milliseconds;
    spent += steps * each;
  }
  return { count: Math.max(1, Math.ceil(leastMilliseconds / each)), each };
}

async function measure(workload: string, available: ReadonlyMap<string, readonly string[]>): Promise<Row[]> {
  const entries: {
    contender: Contender;
    value: number;
    count: number;
    each: number;
    durations: number[];
    slow: boolean;
  }[] = [];
  const contenders: Contender[] = [];
  const memory = new Map<Contender, number>();
  try {
    for (const [library, command] of available) {
      const contender = new Contender(library, command, workload);
      contenders.push(contender);
      const first = await contender.start();
      if (first === null) {
        console.error(`bench: ${workload} without ${contender.library}, which ended or was not done in time`);
        continue;
      }
      const { value, milliseconds, peakMegabytes } = first;
      memory.set(contender, peakMegabytes);
      const slow = milliseconds > slowMilliseconds;
      const pace = slow ? { count: 1, each: milliseconds } : await warm(contender);
      entries.push({ contender, value, slow, ...pace, durations: slow ? [milliseconds] : [] });
    }
    for (let round = 0; round < rounds; round++) {
      for (const { contender, count, each, durations, slow } of entries) {
        if (slow || (round >= 2 && round * count * each > mostMilliseconds)) continue;
        const answer = await contender.steps(count);
        durations.push(answer.milliseconds);
        memory.set(contender, answer.peakMegabytes);
      }
    }
    const ours = summarize(entries[0]!.durations).medianMicroseconds;
    return entries.map(({ contender, value, durations }) => {
      const figures = summarize(durations);
      const ratio =
        contender.library === 'cotangent' ? '' : `${(figures.medianMicroseconds / ours).toFixed(2)} × ours, `;
      const note = `${ratio}${value.toPrecision(5)} after ${comparedSteps} steps, ${memory.get(contender)!.toFixed(0)} MB`;
      return { suite: 'training', workload, library: contender.library, ...figures, note };
    });
  } finally {
    for (const contender of contenders) contender.end();
  }
}

/** Measures every workload whose name contains `filter`, by the libraries of the list (all where there is none). */
export async function run(filter: string, only: readonly string[]): Promise<Row[]> {
  const available = new Map(
    [...libraries()].filter(([name]) => name === 'cotangent' || only.length === 0 || only.includes(name)),
  );
  const rows: Row[] = [];
  for (const { name } of workloads) if (name.includes(filter)) rows.push(...(await measure(name, available)));
  return rows;
}
