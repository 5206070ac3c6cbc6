/**
 * One project per package, so that `npx jest --selectProjects nn` runs one. Tests run on the sources, not on what was
 * built. Node 20 cannot read this file by itself, hence the loader:
 *
 * @jest-config-loader esbuild-register
 */
import type { Config } from 'jest';

const sources: Record<string, string> = {
  '^@cotangent/(kernels|autograd)/ndarray$': '<rootDir>/packages/$1/src/ndarray.ts',
  '^@cotangent/(kernels|autograd)/testing$': '<rootDir>/packages/$1/src/testing/index.ts',
  '^@cotangent/kernels/wasm$': '<rootDir>/packages/kernels/src/wasm/index.ts',
  '^@cotangent/nn/(nn|node)$': '<rootDir>/packages/nn/src/$1.ts',
  '^@cotangent/nn/optim$': '<rootDir>/packages/nn/src/optimizers/index.ts',
  '^@cotangent/(kernels|autograd|nn)$': '<rootDir>/packages/$1/src/index.ts',
  '^cotangent/(ndarray|nn|node|optim|testing)$': '<rootDir>/packages/cotangent/src/$1.ts',
  '^cotangent$': '<rootDir>/packages/cotangent/src/index.ts',
};

const project = (displayName: string, folder: string) => ({
  displayName,
  roots: [`<rootDir>/${folder}`],
  testMatch: ['**/*.test.ts'],
  moduleFileExtensions: ['js', 'ts', 'mjs', 'cjs', 'json', 'node'],
  // A source imports './x.js' and means x.ts. What is installed really has the .js, so that is tried first.
  moduleNameMapper: { ...sources, '^(\\.{1,2}/.*)\\.js$': ['$1.js', '$1.ts'] },
  setupFiles: ['<rootDir>/scripts/jestSetup.ts'],
  transform: {
    '\\.[cm]?[jt]s$': [
      '@swc/jest',
      {
        swcrc: false,
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript' },
          transform: { verbatimModuleSyntax: true },
        },
      },
    ],
  },
  // These are published as ES modules alone; Jest runs CommonJS, so they are compiled like a source.
  transformIgnorePatterns: ['/node_modules/(?!(fast-png|iobuffer|tinybench)/)'],
});

const config: Config = {
  maxWorkers: 2,
  // A busy machine may take many times as long; only a test that hangs is to be ended.
  testTimeout: 120_000,
  // A fresh process for every test file. Once Jest has torn a file's realm down, V8 may never again run finalization
  // callbacks in that process, and the tests of what the garbage collector gives back would wait for them in vain.
  workerIdleMemoryLimit: '1MB',
  projects: [
    project('kernels', 'packages/kernels/src'),
    project('autograd', 'packages/autograd/src'),
    project('nn', 'packages/nn/src'),
    project('cotangent', 'packages/cotangent/src'),
    project('createCotangent', 'packages/createCotangent/src'),
    project('docs', 'docs'),
    project('scripts', 'scripts'),
  ],
};

export default config;
