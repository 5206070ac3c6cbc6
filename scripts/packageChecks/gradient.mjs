/** Tensors and gradients alone: the least that a program can take of the library. */
import { grad, tensor } from 'cotangent';

const [first] = grad((x) => x.tanh().sum())(tensor([0, 1])).toArray();
if (first !== 1) throw new Error(`gradient ${first}`);
console.log('first steps: done');
