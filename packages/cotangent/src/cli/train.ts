import { parseArgs } from 'node:util';
import { randomNormal, type Tensor, tensor } from '@cotangent/autograd';
import { ArgumentError, manualSeed } from '@cotangent/kernels';
import { nn, optim } from '@cotangent/nn';

/** Help on what `train` takes beside a name. */
export const trainOptions = `                        --epochs N    how often to go through the data
                        --seed N      of data, weights and order (1)`;

interface Example {
  readonly epochs: number;
  /** What the numbers of a report mean. */
  readonly metric: 'accuracy' | null;
  data(): { readonly x: Tensor; readonly y: Tensor };
  model(): nn.Sequential;
}

const pairs = (n: number, f: (i: number) => readonly [number[], number]): { x: number[][]; y: number[] } => {
  const all = Array.from({ length: n }, (_, i) => f(i));
  return { x: all.map(([x]) => x), y: all.map(([, y]) => y) };
};

const examples: Readonly<Record<string, Example>> = {
  /** Three interleaved arms of a spiral, which no line separates. */
  spiral: {
    epochs: 60,
    metric: 'accuracy',
    data() {
      const noise = randomNormal([600]).toTypedArray();
      const { x, y } = pairs(600, (i) => {
        const [arm, along] = [i % 3, Math.floor(i / 3) / 200];
        const angle = 4 * along + (2 * Math.PI * arm) / 3 + 0.12 * noise[i]!;
        return [[along * Math.cos(angle), along * Math.sin(angle)], arm];
      });
      return { x: tensor(x), y: tensor(y, { dtype: 'int32' }) };
    },
    model() {
      const model = nn.sequential([
        new nn.Dense({ units: 32, activation: 'relu' }),
        new nn.Dense({ units: 32, activation: 'relu' }),
        new nn.Dense({ units: 3, activation: 'softmax' }),
      ]);
      const optimizer = new optim.Adam({ learningRate: 0.01 });
      model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
      return model;
    },
  },
  /** sin x between −π and π. */
  sine: {
    epochs: 100,
    metric: null,
    data() {
      const { x, y } = pairs(256, (i) => {
        const at = -Math.PI + (2 * Math.PI * i) / 255;
        return [[at], Math.sin(at)];
      });
      return { x: tensor(x), y: tensor(y.map((value) => [value])) };
    },
    model() {
      const model = nn.sequential([new nn.Dense({ units: 32, activation: 'tanh' }), new nn.Dense({ units: 1 })]);
      model.compile({ optimizer: new optim.Adam({ learningRate: 0.02 }), loss: 'meanSquaredError' });
      return model;
    },
  },
  /** Whether two bits differ: the smallest problem that needs a hidden layer. */
  xor: {
    epochs: 200,
    metric: null,
    data() {
      const { x, y } = pairs(4, (i) => [[i & 1, i >> 1], (i & 1) ^ (i >> 1)]);
      return { x: tensor(x), y: tensor(y.map((value) => [value])) };
    },
    model() {
      const model = nn.sequential([new nn.Dense({ units: 8, activation: 'tanh' }), new nn.Dense({ units: 1 })]);
      model.compile({ optimizer: new optim.Adam({ learningRate: 0.05 }), loss: 'meanSquaredError' });
      return model;
    },
  },
};

/**
 * Trains an example and prints its losses.
 *
 * @param args the name of the example, and options
 * @throws ArgumentError for a name or an option that there is not
 */
export async function trainExample(args: readonly string[], print: (line: string) => void): Promise<void> {
  const { name, epochs, seed } = parse(args);
  const example = Object.hasOwn(examples, name) ? examples[name] : undefined;
  if (example === undefined)
    throw new ArgumentError('train', `got example '${name}'; expected one of ${Object.keys(examples).join(', ')}`);
  manualSeed(seed);
  const { x, y } = example.data();
  const model = example.model();
  const total = epochs ?? example.epochs;
  const every = Math.max(1, Math.round(total / 10));
  const start = performance.now();
  const report = new nn.LambdaCallback({
    onEpochEnd(epoch, logs) {
      if ((epoch + 1) % every !== 0 && epoch + 1 !== total) return;
      const accuracy = example.metric === null ? '' : `  ${example.metric} ${logs[example.metric]!.toFixed(3)}`;
      print(`epoch ${String(epoch + 1).padStart(String(total).length)}  loss ${logs['loss']!.toFixed(5)}${accuracy}`);
    },
  });
  const { history } = await model.fit(x, y, { epochs: total, batchSize: 32, verbose: 0, callbacks: [report] });
  print('');
  for (const line of nn.drawCurves({ loss: history['loss'] ?? [] }, 60, 8)) print(line);
  const seconds = (performance.now() - start) / 1000;
  print(`${model.countParameters()} parameters, ${total} epochs in ${seconds.toFixed(1)} s`);
}

function parse(args: readonly string[]): { name: string; epochs: number | undefined; seed: number } {
  const options = { epochs: { type: 'string' }, seed: { type: 'string' } } as const;
  try {
    const unknown = args.find((arg) => /^-/.test(arg) && !/^--(epochs|seed)(=|$)/.test(arg) && !/^-\d/.test(arg));
    if (unknown !== undefined) throw new Error(`got option '${unknown}'; expected --epochs N or --seed N`);
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    if (positionals.length !== 1) throw new Error(`got ${positionals.length} names of examples; expected one`);
    return {
      name: positionals[0]!,
      epochs: values.epochs === undefined ? undefined : whole('epochs', values.epochs, 1),
      seed: values.seed === undefined ? 1 : whole('seed', values.seed, 0),
    };
  } catch (error) {
    throw new ArgumentError('train', (error as Error).message);
  }
}

function whole(option: string, text: string, least: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < least)
    throw new Error(`got --${option} '${text}'; expected a whole number from ${least}`);
  return value;
}
