import { fromTypedArray, type Tensor } from '@cotangent/autograd';
import { ArgumentError, type DType, type Shape, ShapeError } from '@cotangent/kernels';
import { checkBoolean, checkChoice, checkNumber, checkOptions, shown } from '../options.js';
import type { Initializer } from './initializer.js';

/** Windows by name. */
export type WindowName = 'hann' | 'hamming' | 'blackman' | 'bartlett';

/** Options of `STFT`. */
export interface STFTOptions {
  /** Which half of the transform: Σ x cos or −Σ x sin. */
  side: 'real' | 'imag';
  /** What frames are multiplied by: a window by name, its numbers, or null for none. @defaultValue 'hann' */
  window?: WindowName | readonly number[] | null;
  /** What a window is divided by: `density` the root of its sum of squares, `spectrum` its sum of magnitudes. @defaultValue 'density' */
  scaling?: 'density' | 'spectrum' | null;
  /** Whether a named window goes on evenly into the next one, rather than being symmetric. @defaultValue false */
  periodic?: boolean;
}

/** Of x from 0 to 1 across the window. */
const windows: Readonly<Record<WindowName, (x: number) => number>> = {
  hann: (x) => 0.5 - 0.5 * Math.cos(2 * Math.PI * x),
  hamming: (x) => 0.54 - 0.46 * Math.cos(2 * Math.PI * x),
  blackman: (x) => 0.42 - 0.5 * Math.cos(2 * Math.PI * x) + 0.08 * Math.cos(4 * Math.PI * x),
  bartlett: (x) => 1 - Math.abs(2 * x - 1),
};

/**
 * The kernel [length, 1, bins] of a convolution that is one half of a short-time Fourier transform: at time t and bin f the
 * cosine, or minus the sine, of 2π t f / (2 (bins − 1)), times the window at t over its scale.
 *
 * @throws ArgumentError for options out of range
 * @see https://keras.io/api/layers/initializers/ (STFTInitializer)
 * @example
 * new nn.initializers.STFT({ side: 'real' }).create([128, 1, 65], 'float32').shape; // → [128, 1, 65]
 */
export class STFT implements Initializer {
  readonly name: string = 'stft';
  private readonly side: 'real' | 'imag';
  private readonly window: WindowName | readonly number[] | null;
  private readonly scaling: 'density' | 'spectrum' | null;
  private readonly periodic: boolean;

  /** @param options `side` is required */
  constructor(options: STFTOptions) {
    checkOptions('STFT', options, ['side', 'window', 'scaling', 'periodic']);
    const { window = 'hann', scaling = 'density', periodic = false } = options;
    this.side = checkChoice('STFT', 'side', options.side, ['real', 'imag']);
    this.window = checkWindow(window);
    this.scaling =
      scaling === null
        ? null
        : checkChoice<'density' | 'spectrum'>('STFT', 'scaling', scaling, ['density', 'spectrum']);
    this.periodic = checkBoolean('STFT', 'periodic', periodic);
  }

  /** @throws ShapeError unless the shape is [length, 1, bins], of the length of the window if that is given in numbers */
  create(shape: Shape, dtype: DType): Tensor {
    const [length, channels, bins] = shape as [number, number, number];
    if (shape.length !== 3 || channels !== 1) throw new ShapeError('STFT', { shape }, '[length, 1, bins]');
    const factors = this.factors(shape, length);
    const values = new Float64Array(length * bins);
    // 2π over the length of the transform, 2 (bins − 1); one bin alone is the mean, whatever that is.
    const step = Math.PI / Math.max(1, bins - 1);
    for (const [t, factor] of factors.entries()) {
      for (let f = 0; f < bins; f++) {
        const angle = t * f * step;
        values[t * bins + f] = factor * (this.side === 'real' ? Math.cos(angle) : -Math.sin(angle));
      }
    }
    return fromTypedArray(values, shape).cast(dtype);
  }

  /** The window over its scale. */
  private factors(shape: Shape, length: number): readonly number[] {
    if (this.window === null) return Array<number>(length).fill(1);
    const window = typeof this.window === 'string' ? this.named(this.window, length) : this.window;
    if (window.length !== length) {
      throw new ShapeError('STFT', { shape, window: [window.length] }, 'a window of the length of the kernel');
    }
    const sum = (f: (w: number) => number): number => window.reduce((total, w) => total + f(w), 0);
    if (this.scaling === null) return window;
    const scale = this.scaling === 'density' ? Math.sqrt(sum((w) => w * w)) : sum(Math.abs);
    return window.map((w) => w / scale);
  }

  private named(name: WindowName, length: number): number[] {
    const period = this.periodic ? length : length - 1;
    return Array.from({ length }, (_, t) => (length === 1 ? 1 : windows[name](t / period)));
  }
}

function checkWindow(window: WindowName | readonly number[] | null): WindowName | readonly number[] | null {
  if (window === null) return null;
  if (typeof window === 'string') {
    return checkChoice<WindowName>('STFT', 'window', window as WindowName, ['hann', 'hamming', 'blackman', 'bartlett']);
  }
  if (!Array.isArray(window)) {
    throw new ArgumentError('STFT', `got window ${shown(window)}; expected a name, an array of numbers, or null`);
  }
  return window.map((w, i) => checkNumber('STFT', `window[${i}]`, w));
}
