/**
 * Gradient checks and arbitraries of tensors. Needs fast-check.
 *
 * @module cotangent/testing
 */

export * from '@cotangent/autograd/testing';
