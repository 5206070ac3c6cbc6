/** The layers of a model and how they hang together, whatever kind of model it is. */

import type { Shape } from '@cotangent/kernels';
import { Functional, type GraphNode } from '../model/functional.js';
import { Sequential } from '../model/sequential.js';
import { layerNames } from '../model/summary.js';
import { batchExtent } from '../model/unknowns.js';
import type { Module } from '../module.js';

/** Nodes in an order in which they run: the steps of a functional model, the chain of a sequential one, the parts of any other side by side. */
export function graphOf(module: Module, shapes: ReadonlyMap<Module, Shape> | null = null): GraphNode[] {
  if (module instanceof Functional) return numbered(module.graph());
  const inner = module instanceof Sequential ? module.layers : module.namedChildren().map(([, child]) => child);
  const names = module instanceof Sequential ? layerNames(inner) : module.namedChildren().map(([name]) => name);
  return inner.map((layer, i): GraphNode => {
    const shape = shapes?.get(layer);
    return {
      name: names[i]!,
      type: layer.constructor.name,
      module: layer,
      from: module instanceof Sequential && i > 0 ? [i - 1] : [],
      shapes: shape === undefined ? [] : [[batchExtent(), ...shape.slice(1)]],
    };
  });
}

/** Calls of one layer, and operations of one name, each with a name of its own. */
function numbered(nodes: readonly GraphNode[]): GraphNode[] {
  const counts = new Map<string, number>();
  return nodes.map((node) => {
    const count = counts.get(node.name) ?? 0;
    counts.set(node.name, count + 1);
    return count === 0 ? node : { ...node, name: `${node.name}_${count}` };
  });
}
