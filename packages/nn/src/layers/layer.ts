import { ArgumentError, type Shape, showShape } from '@cotangent/kernels';
import { Module } from '../module.js';

/** Options that every layer takes. */
export interface LayerOptions {
  /** Name in `summary()`. @defaultValue the class in camelCase, numbered in the model */
  name?: string;
  /** Shape of one input, without the batch axis: lets a model build itself before it sees data. */
  inputShape?: Shape;
}

/** The names of those options, for checks. */
export const layerOptionNames: readonly string[] = ['name', 'inputShape'];

/** Base of the layers: a module with a name, that may know the shape of its input beforehand. */
export abstract class Layer extends Module {
  readonly name: string | undefined;
  readonly inputShape: Shape | undefined;

  constructor(options: LayerOptions = {}) {
    super();
    this.name = options.name;
    this.inputShape = options.inputShape;
    if (
      this.inputShape !== undefined &&
      (!Array.isArray(this.inputShape) || !this.inputShape.every((n) => Number.isInteger(n) && n > 0))
    ) {
      const came = Array.isArray(this.inputShape) ? showShape(this.inputShape) : String(this.inputShape);
      throw new ArgumentError(
        new.target.name,
        `got inputShape ${came}; expected positive whole numbers, without the batch axis`,
      );
    }
  }
}
