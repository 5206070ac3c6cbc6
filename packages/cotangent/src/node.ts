/** cotangent/node: what reads files, and so needs Node. */

export * from '@cotangent/nn/node';
