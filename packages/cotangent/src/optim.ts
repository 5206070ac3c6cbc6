/** cotangent/optim: what `optim` of `cotangent` holds, by name; see cotangent/nn. */

export * from '@cotangent/nn/optim';
