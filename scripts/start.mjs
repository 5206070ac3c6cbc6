/** `npm start -- --epochs 3 --seed 7`: trains on MNIST, from a fresh clone with one command. */
import { prepareAndRun } from './prepare.mjs';

prepareAndRun('.build/examples/mnist.js');
