/** PyTorch and NumPy in a process of their own, single-threaded, if a `python3` has them. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Contender, dtypeOf, type Library } from '../workload.js';

const script = fileURLToPath(new URL('../../../../benchmarks/kernels/libraries/peers.py', import.meta.url));
const environment = {
  ...process.env,
  OPENBLAS_NUM_THREADS: '1',
  OMP_NUM_THREADS: '1',
  MKL_NUM_THREADS: '1',
  OMP_WAIT_POLICY: 'passive',
};

/** Asks the process one thing at a time. */
class Conversation {
  private readonly waiting: ((answer: string) => void)[] = [];

  constructor(private readonly child: ChildProcess) {
    createInterface({ input: child.stdout! }).on('line', (line) => this.waiting.shift()?.(line));
    child.on('exit', () => {
      for (const answer of this.waiting.splice(0)) answer('null');
    });
    child.unref();
  }

  ask(question: unknown): Promise<unknown> {
    return new Promise((resolve) => {
      this.waiting.push((answer) => resolve(JSON.parse(answer)));
      this.child.stdin!.write(`${JSON.stringify(question)}\n`);
    });
  }
}

function find(): string | null {
  const candidates = ['python3', '/usr/bin/python3'];
  return candidates.find((python) => spawnSync(python, ['-c', 'import torch, numpy']).status === 0) ?? null;
}

/** The libraries and a way to end their process, or null where they are not installed. */
export function python(): { readonly library: Library; close(): void } | null {
  const found = find();
  if (found === null) return null;
  const child = spawn(found, [script], {
    env: environment,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const conversation = new Conversation(child);
  let next = 0;
  return {
    close: () => void child.kill(),
    library: async (workload, wanted) => {
      const { operation, shapes, out, attributes, indexLimit } = workload;
      const contenders: Contender[] = [];
      for (const library of ['PyTorch', 'NumPy'].filter(wanted)) {
        const id = next++;
        const able = await conversation.ask({
          prepare: id,
          library,
          operation,
          shapes,
          out,
          attributes: attributes ?? null,
          dtypes: [...shapes, out].map((_, k) => dtypeOf(workload, k)),
          indexLimit: indexLimit ?? 1,
        });
        if (able !== true) continue;
        contenders.push({ library, time: async (calls) => (await conversation.ask({ time: id, calls })) as number });
      }
      return contenders;
    },
  };
}
