import type { Tensor } from '@cotangent/autograd';
import { ArgumentError } from '@cotangent/kernels';
import { checkNumber, checkOptions, checkTensor } from '../options.js';
import { Dataset } from './dataset.js';

/** Options of `timeSeriesDatasetFromArray`. */
export interface TimeSeriesOptions {
  /** Steps in a window. */
  sequenceLength: number;
  /** From the beginning of one window to that of the next. @defaultValue 1 */
  sequenceStride?: number;
  /** From one step of a window to the next. @defaultValue 1 */
  samplingRate?: number;
  /** The first step used. @defaultValue 0 */
  startIndex?: number;
  /** Behind the last step used. @defaultValue the end */
  endIndex?: number;
}

/**
 * Windows of a series with the target of each: `[data[i], data[i + rate], …]` with `targets[i]`.
 *
 * @param data [time, ...features]
 * @param targets [time, ...], where `targets[i]` belongs to the window that begins at step i; null for windows alone
 * @returns `[window [sequenceLength, ...features], target]`, or windows; not batched
 * @see https://keras.io/api/data_loading/timeseries/
 * @example
 * // Predicts the value after ten steps.
 * const series = arange(100);
 * const windows = nn.data.timeSeriesDatasetFromArray(series, series.slice([10, null]), { sequenceLength: 10 });
 * const [[inputs, targets]] = await windows.take(1).toArray();
 * inputs.shape; // → [10]
 */
export function timeSeriesDatasetFromArray(
  data: Tensor,
  targets: Tensor,
  options: TimeSeriesOptions,
): Dataset<[Tensor, Tensor]>;
export function timeSeriesDatasetFromArray(data: Tensor, targets: null, options: TimeSeriesOptions): Dataset<Tensor>;
export function timeSeriesDatasetFromArray(
  data: Tensor,
  targets: Tensor | null,
  options: TimeSeriesOptions,
): Dataset<Tensor | [Tensor, Tensor]> {
  const name = 'timeSeriesDatasetFromArray';
  checkOptions(name, options, ['sequenceLength', 'sequenceStride', 'samplingRate', 'startIndex', 'endIndex']);
  const counting = { atLeast: 1, whole: true };
  const time = checkTensor(name, 'data', data).shape[0] ?? 0;
  const length = checkNumber(name, 'sequenceLength', options.sequenceLength, counting);
  const stride = checkNumber(name, 'sequenceStride', options.sequenceStride ?? 1, counting);
  const rate = checkNumber(name, 'samplingRate', options.samplingRate ?? 1, counting);
  const start = checkNumber(name, 'startIndex', options.startIndex ?? 0, { atLeast: 0, whole: true });
  const end = checkNumber(name, 'endIndex', options.endIndex ?? time, { atLeast: start, atMost: time, whole: true });
  const span = (length - 1) * rate + 1;
  const last = Math.min(end - start - span, (targets?.shape[0] ?? time) - start - 1);
  const windows = Math.max(0, Math.floor(last / stride) + 1);
  if (windows === 0)
    throw new ArgumentError(name, `got ${end - start} steps; a window spans ${span}`, 'Make sequenceLength smaller.');
  return Dataset.range(windows).map((i) => {
    const from = start + i * stride;
    const all = data.slice([from, from + span]);
    const window = rate === 1 ? all : all.slice([0, null, rate]);
    return targets === null ? window : [window, targets.slice(from)];
  });
}
