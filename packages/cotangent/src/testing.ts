/** cotangent/testing: gradient checks and arbitraries of tensors. Needs fast-check. */

export * from '@cotangent/autograd/testing';
