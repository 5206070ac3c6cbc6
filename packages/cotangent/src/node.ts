/**
 * What reads files, and so needs Node.
 *
 * @module cotangent/node
 */

export * from '@cotangent/nn/node';
