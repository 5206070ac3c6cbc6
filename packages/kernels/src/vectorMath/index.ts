/** Functions of vectors, written against `Lanes`: each is the code of a kernel body, for float32 and float64. */

export { exp } from './exp.js';
export { log } from './log.js';
export { sigmoid } from './sigmoid.js';
export { tanh } from './tanh.js';
