/** Every metric beside an evaluation of Keras's definitions by NumPy, and beside the values that Keras's own pages give. */

import { type NestedArray, tensor } from '@cotangent/autograd';
import { expectNear, fixture, float64 } from '../../fixtures/testing.js';
import * as metrics from './index.js';

type Result = readonly [metric: keyof typeof metrics, options: object, value: NestedArray];

interface Case {
  readonly name: string;
  readonly yTrue: NestedArray;
  readonly yPred: NestedArray;
  readonly sampleWeight: NestedArray | null;
  readonly results: readonly Result[];
}

type MetricClass = new (options: object) => metrics.Metric;

function make(name: keyof typeof metrics, options: object): metrics.Metric {
  return new (metrics[name] as unknown as MetricClass)(options);
}

const cases = fixture<Case>('metrics').flatMap(({ results, ...data }) =>
  results.map(([metric, options, value]) => ({
    title: `nn.metrics.${metric} ${JSON.stringify(options)} of ${data.name}`,
    metric: () => make(metric, options),
    data,
    value,
  })),
);

describe('in float64', () => {
  it.each(cases.map((c) => [c.title, c] as const))('%s', (_, { metric, data, value }) => {
    const measured = metric();
    const weight = data.sampleWeight === null ? [] : [float64(data.sampleWeight)];
    measured.update(float64(data.yTrue), float64(data.yPred), ...weight);
    expectNear(float64(measured.result() as NestedArray), value);
  });
});

describe('in float32', () => {
  it.each(cases.map((c) => [c.title, c] as const))('%s', (_, { metric, data, value }) => {
    const measured = metric();
    const weight = data.sampleWeight === null ? [] : [tensor(data.sampleWeight)];
    measured.update(tensor(data.yTrue), tensor(data.yPred), ...weight);
    expectNear(float64(measured.result() as NestedArray), value, 1e-5);
  });
});

interface Example {
  readonly name: string;
  readonly metric: keyof typeof metrics;
  readonly options: object;
  readonly yTrue: NestedArray;
  readonly yPred: NestedArray;
  readonly sampleWeight: NestedArray | null;
  readonly result: NestedArray;
}

describe('on keras.io', () => {
  const examples = fixture<Example>('metricsOfKeras');

  it.each(examples.map((e) => [e.name, e] as const))('nn.metrics.%s', (_, { metric, options, ...data }) => {
    const measured = make(metric, options);
    const weight = data.sampleWeight === null ? [] : [tensor(data.sampleWeight)];
    measured.update(tensor(data.yTrue), tensor(data.yPred), ...weight);
    expectNear(float64(measured.result() as NestedArray), data.result, 5e-7);
  });
});
