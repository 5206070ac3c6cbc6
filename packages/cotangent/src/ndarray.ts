/**
 * Tensors to and from scijs `ndarray`. It compiles code at run time; a strict CSP forbids that.
 *
 * @module cotangent/ndarray
 */

export * from '@cotangent/autograd/ndarray';
