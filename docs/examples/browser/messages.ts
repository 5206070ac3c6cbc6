/** What the page and its worker say to each other. */

/** From the page. */
export type Order =
  | { readonly kind: 'train'; readonly epochs: number; readonly learningRate: number; readonly seed: number }
  | { readonly kind: 'abort' }
  /** Ink from 0 to 1 on a square, row by row. */
  | { readonly kind: 'read'; readonly ink: Float32Array; readonly side: number }
  /** Asks for one of the test digits. */
  | { readonly kind: 'pick' };

/** From the worker. */
export type Report =
  | { readonly kind: 'loading'; readonly what: string }
  | {
      readonly kind: 'ready';
      readonly trainingDigits: number;
      readonly testDigits: number;
      readonly parameters: number;
      /** Whether the host compiles WebAssembly; if not, the kernels run as plain loops. */
      readonly compiles: boolean;
    }
  /** Losses of the batches since the last such report; each belongs to so much of an epoch. */
  | {
      readonly kind: 'batches';
      readonly losses: readonly number[];
      readonly stepsPerEpoch: number;
      readonly digitsPerSecond: number;
    }
  | { readonly kind: 'epoch'; readonly epoch: number; readonly accuracy: number; readonly testAccuracy: number }
  | { readonly kind: 'done'; readonly testAccuracy: number; readonly seconds: number }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'failed'; readonly message: string }
  /** What the network saw, 28 × 28, and how probable it finds each digit. */
  | { readonly kind: 'prediction'; readonly pixels: Float32Array; readonly probabilities: readonly number[] }
  | { readonly kind: 'picked'; readonly pixels: Float32Array; readonly label: number };
