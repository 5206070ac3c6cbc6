/** The page: buttons, curves and the drawing. All the computing is in the worker. */

import { type Chart, renderChart, smoothed } from '../mnist/curve.js';
import type { Order, Report } from './messages.js';
import { Sketch } from './sketch.js';

const find = <E extends Element>(selector: string): E => document.querySelector<E>(selector)!;
const status = find<HTMLElement>('#status');
const train = find<HTMLButtonElement>('#train');
const abort = find<HTMLButtonElement>('#abort');
const pick = find<HTMLButtonElement>('#pick');
const answer = find<HTMLElement>('#answer');
const bars = Array.from(document.querySelectorAll<HTMLMeterElement>('#bars meter'));

const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
const order = (message: Order, transfer: Transferable[] = []): void => worker.postMessage(message, transfer);

const sketch = new Sketch(find('#sketch'), readDrawing);

/** Points of the smoothed curve are not more than the columns of the chart. */
const columns = 320;
let isReady = false;
let losses: number[] = [];
let stepsPerEpoch = 1;
let accuracies: { accuracy: number; testAccuracy: number }[] = [];
let epochs = 0;

train.addEventListener('click', () => {
  epochs = find<HTMLInputElement>('#epochs').valueAsNumber;
  const learningRate = find<HTMLInputElement>('#learningRate').valueAsNumber;
  const seed = find<HTMLInputElement>('#seed').valueAsNumber;
  if (!find<HTMLFormElement>('#settings').reportValidity()) return;
  losses = [];
  accuracies = [];
  setRunning(true);
  say('Training …');
  order({ kind: 'train', epochs, learningRate, seed });
});
abort.addEventListener('click', () => order({ kind: 'abort' }));
find('#clear').addEventListener('click', () => sketch.clear());
pick.addEventListener('click', () => order({ kind: 'pick' }));
worker.addEventListener('error', ({ message }) => say(`The worker failed: ${message}`));
worker.addEventListener('message', ({ data }: MessageEvent<Report>) => heard(data));

function heard(report: Report): void {
  switch (report.kind) {
    case 'loading':
      say(`Loading ${report.what} …`);
      break;
    case 'ready': {
      isReady = true;
      pick.disabled = false;
      setRunning(false);
      const { trainingDigits, testDigits, parameters, compiles } = report;
      find('#facts').textContent =
        `${whole(trainingDigits)} digits to train on, ${whole(testDigits)} to test with; ${whole(parameters)} parameters; ` +
        `kernels: ${compiles ? 'WebAssembly SIMD' : 'plain loops'}; ` +
        `the page is ${self.crossOriginIsolated ? '' : 'not '}cross-origin isolated.`;
      say('Ready.');
      break;
    }
    case 'batches':
      losses.push(...report.losses);
      stepsPerEpoch = report.stepsPerEpoch;
      redraw();
      say(
        `Epoch ${Math.min(epochs, Math.floor((losses.length - 1) / stepsPerEpoch) + 1)} of ${epochs}: loss ${smoothed(losses.slice(-50), 0.95).at(-1)!.toFixed(4)}, ${whole(report.digitsPerSecond)} digits/s.`,
      );
      break;
    case 'epoch':
      accuracies.push(report);
      redraw();
      readDrawing();
      break;
    case 'done':
      setRunning(false);
      say(`Test accuracy ${percent(report.testAccuracy)} after ${report.seconds.toFixed(1)} s.`);
      break;
    case 'aborted':
      setRunning(false);
      say('Aborted. The network keeps what it has learned so far.');
      break;
    case 'failed':
      setRunning(false);
      say(`Failed: ${report.message}`);
      break;
    case 'prediction':
      showPrediction(report.pixels, report.probabilities);
      break;
    case 'picked':
      find('#picked').textContent = `A test digit labelled ${report.label}.`;
      sketch.show(report.pixels);
      break;
  }
}

function readDrawing(): void {
  const { ink, side } = sketch.read();
  if (!ink.some((value) => value > 0.1)) answer.textContent = 'Draw a digit.';
  else if (isReady) order({ kind: 'read', ink, side }, [ink.buffer]);
}

function say(text: string): void {
  status.textContent = text;
}

function setRunning(running: boolean): void {
  train.disabled = running;
  abort.disabled = !running;
}

function showPrediction(pixels: Float32Array, probabilities: readonly number[]): void {
  const read = probabilities.indexOf(Math.max(...probabilities));
  answer.textContent = `That is a ${read} (${percent(probabilities[read]!)}).`;
  for (const [digit, bar] of bars.entries()) bar.value = probabilities[digit]!;
  const picture = new ImageData(28, 28);
  for (const [i, ink] of pixels.entries()) {
    picture.data.fill(255 - Math.round(255 * ink), 4 * i, 4 * i + 3);
    picture.data[4 * i + 3] = 255;
  }
  find<HTMLCanvasElement>('#seen').getContext('2d')!.putImageData(picture, 0, 0);
}

let isDue = false;

/** Draws the curves in the next frame; many reports in one frame are drawn once. */
function redraw(): void {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    drawCurves();
  });
}

function drawCurves(): void {
  const stride = Math.max(1, Math.ceil(losses.length / columns));
  const at = (i: number): number => (i + 1) / stepsPerEpoch;
  const mean = smoothed(losses, 0.95);
  show('#loss', {
    title: 'Loss',
    description: `Training loss of ${losses.length} batches, now ${mean.at(-1)!.toFixed(3)}.`,
    xLabel: 'epoch',
    yLabel: 'cross-entropy',
    series: [
      { name: 'batches', points: losses.map((loss, i) => [at(i), loss] as const), faint: true },
      {
        name: 'smoothed',
        points: mean.flatMap((loss, i) => (i % stride === 0 || i === mean.length - 1 ? [[at(i), loss] as const] : [])),
      },
    ],
  });
  if (accuracies.length === 0) return;
  show('#accuracy', {
    title: 'Accuracy',
    description: `Accuracy after each epoch; the last on test digits is ${percent(accuracies.at(-1)!.testAccuracy)}.`,
    xLabel: 'epoch',
    xStep: 1,
    yLabel: '%',
    series: [
      { name: 'training', points: accuracies.map(({ accuracy }, i) => [i + 1, accuracy * 100] as const) },
      { name: 'test', points: accuracies.map(({ testAccuracy }, i) => [i + 1, testAccuracy * 100] as const) },
    ],
  });
}

/** The chart as a picture of its own: text from `renderChart` is escaped, and an SVG parsed so runs nothing. */
function show(selector: string, chart: Chart): void {
  const { documentElement } = new DOMParser().parseFromString(
    renderChart(chart).replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" '),
    'image/svg+xml',
  );
  find(selector).replaceChildren(documentElement);
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
