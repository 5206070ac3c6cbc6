/**
 * cotangent/nn: what `nn` of `cotangent` holds, by name: `import * as nn from 'cotangent/nn'`. A bundler that cannot look into a namespace
 * that another module exports (esbuild) then leaves out the layers which a program does not use.
 */
export * from '@cotangent/nn/nn';
