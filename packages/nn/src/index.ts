/** @cotangent/nn: layers, losses, metrics, optimizers, models and data. */

export * as nn from './nn.js';
export * as optim from './optimizers/index.js';
