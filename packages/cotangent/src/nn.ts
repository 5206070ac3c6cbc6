/**
 * cotangent/nn: what `nn` of `cotangent` holds, by name: `import * as nn from 'cotangent/nn'`. A bundler that does not look into
 * namespaces that another module exports (esbuild) then leaves out the layers that a program does not use.
 */

export * from '@cotangent/nn/nn';
