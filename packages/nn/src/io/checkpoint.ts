/**
 * Checkpoints: everything a run depends on, in one safetensors file. Tensors are named by what they belong to (`model.dense.kernel`,
 * `optimizer.0.momentum`); the rest is JSON in the header under `cotangent.checkpoint`.
 */

import { scope, type Tensor } from '@cotangent/autograd';
import { ArgumentError, defaultGenerator, FormatError, Generator, type GeneratorState } from '@cotangent/kernels';
import type { Callback, RunParameters } from '../callbacks/callback.js';
import { RecurrentLayer } from '../layers/recurrent/recurrentLayer.js';
import type { FitState } from '../model/progress.js';
import type { Module } from '../module.js';
import type { Optimizer, OptimizerState } from '../optimizers/index.js';
import { checkOptions } from '../options.js';
import type { StateDict } from '../state.js';
import { fromJson, type Json, toJson } from './json.js';
import { encodeSafetensors, parseSafetensors } from './safetensors.js';

/** What is saved, or restored: each part only if it is given. */
export interface CheckpointParts {
  /** Its parameters and buffers, the states of stateful layers, and of the generators that layers own. */
  model?: Module;
  /** Its moments and counts, and the learning rate. */
  optimizer?: Optimizer;
  /** A run of `fit`, as callbacks get it: epoch and batch, running totals, other callbacks. */
  run?: Pick<RunParameters, 'progress' | 'callbacks'>;
  /** The global generator (`manualSeed`). @defaultValue true */
  random?: boolean;
}

/** Anything of one's own that goes along. */
export interface EncodeCheckpointOptions extends CheckpointParts {
  /** Plain data. @defaultValue null */
  extra?: Json;
}

/** The version that is written. Files of later ones are refused. */
const version = 1;
const key = 'cotangent.checkpoint';

/** The JSON part. */
interface Body {
  readonly version: number;
  readonly optimizer: { readonly name: string; readonly numbers: Record<string, number> } | null;
  readonly generator: GeneratorState | null;
  readonly layerGenerators: Record<string, GeneratorState>;
  readonly layers: Record<string, Json>;
  readonly fit: FitState | null;
  readonly callbacks: readonly (Json | null)[];
  readonly extra: Json;
}

const partNames = ['model', 'optimizer', 'run', 'random'];

/**
 * A checkpoint as bytes: for `fs`, the browser's storage or a server.
 *
 * @throws ArgumentError for unknown parts
 * @example
 * const optimizer = new optim.Adam(net.parameters());
 * const bytes = nn.encodeCheckpoint({ model: net, optimizer, extra: { epoch: 3 } });
 * nn.decodeCheckpoint(bytes, { model: net, optimizer }); // → {"epoch": 3}
 */
export function encodeCheckpoint(parts: EncodeCheckpointOptions): Uint8Array {
  checkOptions('encodeCheckpoint', parts, [...partNames, 'extra']);
  const { model, optimizer, run, random = true, extra = null } = parts;
  return scope(() => {
    const tensors: Record<string, Tensor> = {};
    const add = (prefix: string, state: StateDict): void => {
      for (const [name, x] of Object.entries(state)) tensors[`${prefix}.${name}`] = x;
    };
    if (model !== undefined) {
      add('model', model.stateDict());
      for (const [path, layer] of recurrentLayers(model))
        for (const [i, state] of (layer.states ?? []).entries()) tensors[`state.${path}.${i}`] = state;
    }
    const steps = optimizer?.stateDict();
    if (steps !== undefined) add('optimizer', steps.tensors);
    const callbacks = (run === undefined ? [] : run.callbacks).map((callback, i) => {
      const state = callback.stateDict?.();
      if (state?.tensors !== undefined) add(`callback.${i}`, state.tensors);
      return state === undefined ? null : state.values;
    });
    const body: Body = {
      version,
      optimizer: steps === undefined ? null : { name: steps.optimizer, numbers: { ...steps.numbers } },
      generator: random ? defaultGenerator().state : null,
      layerGenerators: Object.fromEntries(generatorsIn(model).map(([path, generator]) => [path, generator.state])),
      layers: model === undefined ? {} : model.extraStates(),
      fit: run === undefined ? null : run.progress.state(),
      callbacks,
      extra,
    };
    return encodeSafetensors(tensors, { [key]: toJson(body) });
  });
}

/**
 * Restores what a checkpoint holds of the parts given.
 *
 * @param source name of the file, for messages
 * @returns the `extra` that was saved with it
 * @throws FormatError for bytes that are no checkpoint or one of a later version; ArgumentError where it does not hold a part, or one
 *   that does not fit. Parts are restored in the order of the options: those before the one that fails are restored already
 * @example
 * const model = nn.sequential([new nn.Dense({ units: 1, inputShape: [2] })]);
 * const bytes = nn.encodeCheckpoint({ model, extra: { epoch: 3 } });
 * nn.decodeCheckpoint(bytes, { model }); // → {"epoch": 3}
 */
export function decodeCheckpoint(bytes: Uint8Array, parts: CheckpointParts, source: string = 'decodeCheckpoint'): Json {
  checkOptions('decodeCheckpoint', parts, partNames);
  const { model, optimizer, run, random = true } = parts;
  return scope(() => {
    const { tensors, metadata } = parseSafetensors(bytes, source);
    const text = Object.hasOwn(metadata, key) ? metadata[key]! : null;
    if (text === null)
      throw new FormatError(source, `its header has no '${key}'`, 8, 'Weights alone are read with parseSafetensors.');
    const body = bodyOf(source, text);
    const missing = (part: string): never => {
      throw new ArgumentError('decodeCheckpoint', `${source} was saved without ${part}`);
    };
    const under = (prefix: string): StateDict =>
      Object.fromEntries(
        Object.entries(tensors)
          .filter(([name]) => name.startsWith(`${prefix}.`))
          .map(([name, x]) => [name.slice(prefix.length + 1), x]),
      );
    if (model !== undefined) {
      model.loadStateDict(under('model'));
      model.loadExtraStates(body.layers);
      for (const [path, layer] of recurrentLayers(model)) {
        const states = Object.values(under(`state.${path}`));
        layer.states = states.length === 0 ? null : states;
      }
      for (const [path, generator] of generatorsIn(model)) {
        const state = Object.hasOwn(body.layerGenerators, path) ? body.layerGenerators[path] : undefined;
        if (state !== undefined) generator.state = state;
      }
    }
    if (optimizer !== undefined) {
      if (body.optimizer === null) return missing('an optimizer');
      if (model !== undefined) optimizer.bind(model.parameters().filter(({ requiresGrad }) => requiresGrad));
      const state: OptimizerState = {
        optimizer: body.optimizer.name,
        numbers: body.optimizer.numbers,
        tensors: under('optimizer'),
      };
      optimizer.loadStateDict(state);
    }
    if (run !== undefined) {
      if (body.fit === null) return missing('a run of fit');
      run.progress.load(body.fit);
      restoreCallbacks(source, run.callbacks, body.callbacks, under);
    }
    if (random && body.generator !== null) defaultGenerator().state = body.generator;
    return body.extra;
  });
}

function restoreCallbacks(
  source: string,
  callbacks: readonly Callback[],
  states: readonly (Json | null)[],
  under: (prefix: string) => StateDict,
): void {
  if (callbacks.length !== states.length)
    throw new ArgumentError(
      'decodeCheckpoint',
      `${source} was saved by a run with ${states.length} callbacks; this one has ${callbacks.length}`,
      'Go on with the callbacks that the run was begun with, in the same order (verbose counts too).',
    );
  for (const [i, callback] of callbacks.entries()) {
    const values = states[i];
    if (values === null || values === undefined) continue;
    callback.loadStateDict?.({ values, tensors: under(`callback.${i}`) });
  }
}

function bodyOf(source: string, text: string): Body {
  const body = fromJson(`${source} (${key})`, text) as Partial<Body> | null;
  const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject(body) || !Number.isInteger(body!.version))
    throw new FormatError(source, `'${key}' in its header is no checkpoint`, 8);
  if (body!.version! > version)
    throw new FormatError(
      source,
      `is a checkpoint of version ${body!.version}; this is known up to ${version}`,
      8,
      'Update cotangent.',
    );
  const { layerGenerators, layers, callbacks, optimizer } = body!;
  const valid =
    isObject(layerGenerators) &&
    isObject(layers) &&
    Array.isArray(callbacks) &&
    (optimizer === null || (isObject(optimizer) && isObject(optimizer!.numbers)));
  if (!valid) throw new FormatError(source, `'${key}' in its header lacks parts of a checkpoint`, 8);
  return body as Body;
}

/** Stateful recurrent layers, by path. */
function recurrentLayers(model: Module): [path: string, layer: RecurrentLayer][] {
  return model
    .namedModules()
    .filter((named): named is [string, RecurrentLayer] => named[1] instanceof RecurrentLayer && named[1].stateful);
}

/** Generators that modules have in fields, by path. */
function generatorsIn(model: Module | undefined): [path: string, generator: Generator][] {
  if (model === undefined) return [];
  return model.namedModules().flatMap(([path, module]) =>
    Object.entries(module)
      .filter((entry): entry is [string, Generator] => entry[1] instanceof Generator)
      .map(([field, generator]): [string, Generator] => [`${path}.${field}`, generator]),
  );
}
