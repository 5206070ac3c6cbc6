/** Charts. The namespace `nn.plots`. */

export { confusion, histogram, history, lines, type Plot, type PlotOptions } from './plot.js';
