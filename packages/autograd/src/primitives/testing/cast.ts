import { shapes } from '../../testing/index.js';
import type { Call, Examples } from './call.js';

export const examples: Examples = {
  cast: shapes().map((shape): Call => ({ smooth: [shape], attributes: { dtype: 'float64', from: 'float64' } })),
};
