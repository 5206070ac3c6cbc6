/** Properties draw COTANGENT_RUNS examples (100 unless told) from COTANGENT_SEED (a fresh one unless told: a failure prints it). */
import fc from 'fast-check';

const { COTANGENT_RUNS: runs, COTANGENT_SEED: seed } = process.env;

fc.configureGlobal({ numRuns: runs ? Number(runs) : 100, ...(seed ? { seed: Number(seed) } : {}) });
