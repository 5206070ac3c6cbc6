/** What callbacks watch: a number in the logs, and which way it is to go. */

import { ArgumentError } from '@cotangent/kernels';

/** 'auto' goes by the name. */
export type MonitorMode = 'auto' | 'min' | 'max';

/** Metrics that are better the larger they are. */
const larger =
  /acc|auc|precision|recall|f1|fbeta|score|iou|r2|sensitivity|specificity|correlation|coefficient|bleu|truepositives|truenegatives/i;

/** Whether smaller or larger is better. */
export function resolveMode(monitor: string, mode: MonitorMode): 'min' | 'max' {
  if (mode !== 'auto') return mode;
  return larger.test(monitor) && !/loss/i.test(monitor) ? 'max' : 'min';
}

/** What the logs say about it. @throws ArgumentError that lists what they have */
export function monitored(operation: string, monitor: string, logs: Readonly<Record<string, number>>): number {
  const value = logs[monitor];
  if (value !== undefined) return value;
  throw new ArgumentError(
    operation,
    `got monitor '${monitor}'; the logs have ${Object.keys(logs).join(', ')}`,
    'Names that begin with val need validationData or validationSplit.',
  );
}

/** Remembers the best value so far. */
export class Best {
  value: number;

  constructor(
    private readonly mode: 'min' | 'max',
    private readonly minDelta: number = 0,
  ) {
    this.value = mode === 'min' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  }

  /** Whether a value is better than another by more than `minDelta`. NaN is better than nothing. */
  isBetter(value: number, than: number = this.value): boolean {
    return this.mode === 'min' ? value < than - this.minDelta : value > than + this.minDelta;
  }
}
