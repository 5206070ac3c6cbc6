/** Models that are described by calling layers on symbolic tensors (https://keras.io/guides/functional_api/). */

import { isTensor, type Tensor } from '@cotangent/autograd';
import { ArgumentError, DTypeError, type Shape, ShapeError, showShape } from '@cotangent/kernels';
import type { Module } from '../module.js';
import { didYouMean } from '../nearest.js';
import { checkOptions, shown } from '../options.js';
import type { Variable } from '../parameter.js';
import { Model, type Tensors } from './model.js';
import { compileGraph, leavesOf, type Program, runProgram, Slot } from './program.js';
import { layerNames } from './summary.js';
import { isSymbolic, SymbolicTensor } from './symbolic.js';
import { isOpen } from './unknowns.js';

/** Options of `nn.model`. */
export interface FunctionalOptions<Outputs extends Tensors = Tensors> {
  /** Symbolic tensors of `nn.input`, or of the middle of another model: one, a list, or some by name. */
  inputs: Tensors;
  /** Symbolic tensors computed from them, likewise. Data, targets and predictions have the same structure. */
  outputs: Outputs;
  /** @defaultValue none */
  name?: string;
}

/** Symbolic tensors that describe a model anew, made when somebody asks for them; a copy of the model makes its own. */
const descriptions = new WeakMap<Functional, { inputs: Tensors; outputs: Tensors; byLayer: Map<string, unknown> }>();

/**
 * A model of layers called on symbolic tensors: several inputs and outputs, shared layers, layers that are models. Make it with `nn.model`.
 *
 * Its parameters are named by layer: `dense.kernel`, `dense1.kernel`, or the names given to the layers.
 *
 * @throws ArgumentError for an input given twice, or two layers of one name
 * @example
 * const image = nn.input({ shape: [4] });
 * const net = nn.model({ inputs: image, outputs: new nn.Dense({ units: 2 }).call(image) });
 * net instanceof nn.Functional; // → true
 * net.call(zeros([3, 4])).shape; // → [3, 2]
 */
export class Functional<Outputs extends Tensors = Tensors> extends Model<Outputs> {
  readonly name: string | undefined;
  /** Every layer, once each, in the order in which they run. */
  readonly layers: readonly Module[];
  /** Names of the layers, as in the paths of their parameters. */
  readonly layerNames: readonly string[];
  /** Names of the inputs, in order. */
  readonly inputNames: readonly string[];
  /** Names of the outputs, in order: the keys where they were given by name, else the layers that make them. */
  readonly outputNames: readonly string[];
  private readonly program: Program;
  /** Keys of the inputs where they are given by name; null for a list or a single one. */
  private readonly inputKeys: readonly string[] | null;

  /** @throws ArgumentError for tensors that are not symbolic, inputs that are missing or given twice, circles, and names that two layers share */
  constructor(options: FunctionalOptions<Outputs>) {
    super();
    checkOptions('model', options, ['inputs', 'outputs', 'name']);
    this.name = options.name;
    const inputs = symbolicLeaves('inputs', options.inputs);
    const outputs = symbolicLeaves('outputs', options.outputs);
    if (new Set(inputs).size !== inputs.length) throw new ArgumentError('model', 'got the same input twice');
    this.inputKeys = isTensor(options.inputs) || Array.isArray(options.inputs) ? null : Object.keys(options.inputs);
    this.program = compileGraph('model', inputs, options.outputs);
    this.layers = [...new Set(this.program.steps.flatMap(({ module }) => (module === null ? [] : [module])))];
    this.layerNames = layerNames(this.layers);
    for (const [i, name] of this.layerNames.entries()) {
      if (this.layerNames.indexOf(name) < i)
        throw new ArgumentError('model', `got two layers of the name '${name}'`, 'Give each a name of its own.');
    }
    this.inputNames = this.inputKeys ?? this.program.inputs.map(({ name }) => name);
    const keys =
      isTensor(options.outputs) || Array.isArray(options.outputs) ? null : Object.keys(options.outputs as object);
    this.outputNames = keys ?? this.namesOf(outputs);
  }

  /** After the layers that make them; numbered where one makes several. */
  private namesOf(outputs: readonly SymbolicTensor[]): string[] {
    const counts = new Map<string, number>();
    return outputs.map((x) => {
      const step = x.call?.step;
      const name = step === undefined ? x.madeBy : 'module' in step ? this.nameOf(step.module) : step.row.name;
      const count = counts.get(name) ?? 0;
      counts.set(name, count + 1);
      return count === 0 ? name : `${name}${count}`;
    });
  }

  private nameOf(layer: Module): string {
    return this.layerNames[this.layers.indexOf(layer)]!;
  }

  /**
   * @param inputs as the model was described: one tensor, a list, or tensors by name
   * @throws ArgumentError, ShapeError, DTypeError for inputs that are not those
   */
  override forward(...inputs: [Tensors] | Tensor[]): Outputs {
    const given = inputs.length > 1 ? (inputs as readonly Tensor[]) : (inputs[0] as Tensors);
    return runProgram(this.program, this.ordered(given)) as Outputs;
  }

  /** The inputs in the order of the program, checked. */
  private ordered(given: Tensors): readonly Tensor[] {
    const { inputs } = this.program;
    const names = this.inputNames;
    const list = isTensor(given) ? [given] : Array.isArray(given) ? (given as readonly Tensor[]) : null;
    if (list !== null && list.length !== inputs.length)
      throw new ArgumentError(this.title, `got ${list.length} inputs; expected ${inputs.length}: ${names.join(', ')}`);
    return inputs.map(({ shape, dtype }, i) => {
      const name = names[i]!;
      const x = list === null ? (given as Readonly<Record<string, Tensor>>)[name] : list[i];
      if (!isTensor(x)) {
        const came = list === null && x === undefined ? `inputs ${Object.keys(given ?? {}).join(', ')}` : shown(x);
        throw new ArgumentError(this.title, `got ${came} where the input '${name}' was expected to be a tensor`);
      }
      if (!fits(x.shape, shape)) throw new ShapeError(this.title, { [name]: x.shape }, `${name} ${showShape(shape)}`);
      if (x.dtype !== dtype && (dtype === 'float32' || dtype === 'float64'))
        throw new DTypeError(this.title, { [name]: x.dtype }, dtype, `Convert with .cast('${dtype}').`);
      return x;
    });
  }

  protected override get knownOutputNames(): readonly string[] {
    return this.outputNames;
  }

  private get title(): string {
    return this.name ?? 'model';
  }

  /** Layers go by their names. */
  protected override parts(): [path: string, part: Variable | Module][] {
    return this.layers.map((layer, i): [string, Module] => [this.layerNames[i]!, layer]);
  }

  /** The layer of a name. @throws ArgumentError that lists the names */
  getLayer(name: string): Module {
    const at = this.layerNames.indexOf(name);
    if (at >= 0) return this.layers[at]!;
    throw new ArgumentError(
      'getLayer',
      `got name ${shown(name)}; expected one of ${this.layerNames.join(', ')}`,
      didYouMean(name, this.layerNames),
    );
  }

  /** Symbolic inputs, of the structure they were given in: to build another model on the same layers. */
  get inputs(): Tensors {
    return this.description().inputs;
  }

  /** Symbolic outputs of this model computed from `inputs`. */
  get outputs(): Outputs {
    return this.description().outputs as Outputs;
  }

  /**
   * What a layer gives, symbolically, computed from `inputs`: for a model that ends there (features of a pretrained one). Of a layer
   * that is called several times, the last time.
   *
   * @throws ArgumentError for an unknown name
   * @example
   * const input = nn.input({ shape: [4] });
   * const hidden = new nn.Dense({ units: 3, name: 'hidden' }).call(input);
   * const whole = nn.model({ inputs: input, outputs: new nn.Dense({ units: 1 }).call(hidden) });
   * const features = nn.model({ inputs: whole.inputs, outputs: whole.outputOf('hidden') });
   * features.call(x).shape; // → [8, 3]
   */
  outputOf(name: string): Tensor {
    this.getLayer(name);
    return this.description().byLayer.get(name) as Tensor;
  }

  private description(): { inputs: Tensors; outputs: Tensors; byLayer: Map<string, unknown> } {
    const known = descriptions.get(this);
    if (known !== undefined) return known;
    const fresh = this.program.inputs.map(({ shape, dtype, name }) => new SymbolicTensor(shape, dtype, null, name));
    const inputs: Tensors =
      this.inputKeys !== null
        ? Object.fromEntries(fresh.map((x, i) => [this.inputKeys![i]!, x]))
        : fresh.length === 1
          ? fresh[0]!
          : fresh;
    const byLayer = new Map<string, unknown>();
    const outputs = runProgram(this.program, fresh, (module, output) => byLayer.set(this.nameOf(module), output));
    const made = { inputs, outputs: outputs as Tensors, byLayer };
    descriptions.set(this, made);
    return made;
  }

  /** What runs, step by step: layers and operations, and from which others each takes its inputs. */
  graph(): GraphNode[] {
    const madeBy = new Map<number, number>();
    const nodes: GraphNode[] = this.program.inputs.map(({ slot, name, shape }, i) => {
      madeBy.set(slot, i);
      return { name, type: 'Input', module: null, from: [], shapes: [shape] };
    });
    for (const step of this.program.steps) {
      const from = leavesOf(step.inputs).filter((leaf) => leaf instanceof Slot);
      for (const leaf of leavesOf(step.outputs)) if (leaf instanceof Slot) madeBy.set(leaf.index, nodes.length);
      nodes.push({
        name: step.module === null ? step.row!.name : this.nameOf(step.module),
        type: step.module === null ? 'operation' : step.module.constructor.name,
        module: step.module,
        from: [...new Set(from.map(({ index }) => madeBy.get(index)!))],
        shapes: step.shapes,
      });
    }
    return nodes;
  }
}

/** A node of the picture of a model. */
export interface GraphNode {
  readonly name: string;
  /** The class of the layer, 'operation', or 'Input'. */
  readonly type: string;
  readonly module: Module | null;
  /** Places, in the list of nodes, of those it takes its inputs from. */
  readonly from: readonly number[];
  /** Shapes of what it gives; open extents print by their names. */
  readonly shapes: readonly Shape[];
}

/** Whether a real shape is one of those that are described. */
const fits = (shape: Shape, described: Shape): boolean =>
  shape.length === described.length && described.every((extent, axis) => isOpen(extent) || extent === shape[axis]);

function symbolicLeaves(role: 'inputs' | 'outputs', given: Tensors): SymbolicTensor[] {
  const leaves = given === undefined || given === null ? [] : leavesOf(given);
  if (leaves.length === 0) throw new ArgumentError('model', `got no ${role}`);
  return leaves.map((x) => {
    if (isSymbolic(x)) return x;
    const mend = role === 'inputs' ? 'Make them with nn.input({ shape }).' : 'Call layers on nn.input({ shape }).';
    throw new ArgumentError(
      'model',
      `got ${isTensor(x) ? `a tensor ${showShape(x.shape)}` : shown(x)} among the ${role}; expected symbolic tensors`,
      mend,
    );
  });
}

/**
 * A model from symbolic inputs to symbolic outputs (Keras's `Model(inputs, outputs)`).
 *
 * @throws ArgumentError as `Functional`
 * @see https://keras.io/guides/functional_api/
 * @example
 * const image = nn.input({ shape: [28, 28, 1] });
 * const features = new nn.Flatten().call(new nn.Conv2D({ filters: 8, kernelSize: 3, activation: 'relu' }).call(image));
 * const model = nn.model({ inputs: image, outputs: new nn.Dense({ units: 10 }).call(features) });
 */
export function model<Outputs extends Tensors>(options: FunctionalOptions<Outputs>): Functional<Outputs> {
  return new Functional(options);
}
