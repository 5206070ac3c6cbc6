/** `npm run bench -- <arguments>`: the benchmarks, compiled as a user's program would be. */
import { prepareAndRun } from './prepare.mjs';

prepareAndRun('.build/benchmarks/run.js');
