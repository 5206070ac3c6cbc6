/** cotangent/ndarray: tensors to and from scijs `ndarray`. It compiles code at run time; a strict CSP forbids that. */

export * from '@cotangent/autograd/ndarray';
