/** A model as a picture. */

import type { Shape } from '@cotangent/kernels';
import { showShape } from '@cotangent/kernels';
import type { GraphNode } from '../model/functional.js';
import { Model, type Tensors } from '../model/model.js';
import type { Module } from '../module.js';
import { checkBoolean, checkOptions } from '../options.js';
import { graphOf } from './graph.js';
import { element, label, picture } from './svg.js';

/** Options of `plotModel`. */
export interface PlotModelOptions {
  /** Whether to write the shapes of what the layers give, as far as they are known from a call. @defaultValue true */
  showShapes?: boolean;
  /** Whether to write how many parameters the layers have. @defaultValue true */
  showParameters?: boolean;
}

const [boxHeight, rowGap, columnGap, padding, letter] = [46, 34, 24, 12, 6.6];

/**
 * The layers of a model, and from which others each takes its inputs.
 *
 * @returns SVG text
 * @see https://keras.io/api/utils/model_plotting_utils/
 * @example
 * const svg = nn.plotModel(model);
 */
export function plotModel(module: Module, options: PlotModelOptions = {}): string {
  checkOptions('plotModel', options, ['showShapes', 'showParameters']);
  const showShapes = checkBoolean('plotModel', 'showShapes', options.showShapes ?? true);
  const showParameters = checkBoolean('plotModel', 'showParameters', options.showParameters ?? true);
  const shapes = module instanceof Model ? (module as Model<Tensors>).layerShapes : null;
  const nodes = graphOf(module, shapes);
  const texts = nodes.map((node) => textsOf(node, showShapes, showParameters));
  const widths = texts.map((lines) => 20 + letter * Math.max(...lines.map((line) => line.length)));
  const rows = rowsOf(nodes);
  const total = Math.max(200, ...rows.map((row) => row.reduce((sum, i) => sum + widths[i]! + columnGap, -columnGap)));
  const places = new Map<number, { x: number; y: number }>();
  for (const [depth, row] of rows.entries()) {
    let x = padding + (total - row.reduce((sum, i) => sum + widths[i]! + columnGap, -columnGap)) / 2;
    for (const i of row) {
      places.set(i, { x, y: padding + depth * (boxHeight + rowGap) });
      x += widths[i]! + columnGap;
    }
  }
  const arrows = nodes.flatMap((node, i) =>
    node.from.map((source) => {
      const [from, to] = [places.get(source)!, places.get(i)!];
      const [x1, y1] = [from.x + widths[source]! / 2, from.y + boxHeight];
      const [x2, y2] = [to.x + widths[i]! / 2, to.y];
      const bend = Math.max(rowGap / 2, (y2 - y1) / 2);
      const d = `M${x1.toFixed(1)} ${y1} C${x1.toFixed(1)} ${y1 + bend} ${x2.toFixed(1)} ${y2 - bend} ${x2.toFixed(1)} ${y2}`;
      return element('path', { d, fill: 'none', stroke: '#555', 'marker-end': 'url(#arrow)' });
    }),
  );
  const boxes = nodes.map((node, i) => {
    const { x, y } = places.get(i)!;
    const fill = node.type === 'Input' ? '#e8f4fa' : node.module === null ? '#f5f5f5' : '#fff8e6';
    return [
      element('rect', { x, y, width: widths[i]!, height: boxHeight, rx: 5, fill, stroke: '#555' }),
      ...texts[i]!.map((line, k) =>
        label(x + widths[i]! / 2, y + 16 + 13 * k, line, {
          'text-anchor': 'middle',
          ...(k === 0 ? { 'font-weight': 'bold' } : { fill: '#444', 'font-size': 11 }),
        }),
      ),
    ].join('');
  });
  const height = rows.length * (boxHeight + rowGap) - rowGap + 2 * padding;
  const marker = element(
    'defs',
    {},
    element(
      'marker',
      { id: 'arrow', viewBox: '0 0 8 8', refX: 8, refY: 4, markerWidth: 8, markerHeight: 8, orient: 'auto' },
      element('path', { d: 'M0 0L8 4L0 8z', fill: '#555' }),
    ),
  );
  return picture(total + 2 * padding, height, module.constructor.name, marker, ...arrows, ...boxes);
}

function textsOf({ name, type, module, shapes }: GraphNode, showShapes: boolean, showParameters: boolean): string[] {
  const lines = [name === type ? name : `${name}: ${type}`];
  if (showShapes && shapes.length > 0) lines.push(shapes.map(shown).join(' '));
  if (showParameters && module !== null) {
    const count = module.countParameters();
    if (count > 0) lines.push(`${count.toLocaleString('en-US')} parameters`);
  }
  return lines;
}

/** The batch axis of a shape seen in a call is open. */
const shown = (shape: Shape): string => showShape(shape);

/** Numbers of the nodes by how far they are from the inputs; those of a row in the order of what they take. */
function rowsOf(nodes: readonly GraphNode[]): number[][] {
  const depth: number[] = [];
  for (const [i, { from }] of nodes.entries()) depth[i] = Math.max(-1, ...from.map((source) => depth[source]!)) + 1;
  const rows = Array.from({ length: Math.max(0, ...depth) + 1 }, (_, row) =>
    [...nodes.keys()].filter((i) => depth[i] === row),
  );
  const position = new Map<number, number>();
  for (const row of rows) {
    const centre = (i: number): number => {
      const { from } = nodes[i]!;
      return from.length === 0 ? i : from.reduce((sum, source) => sum + position.get(source)!, 0) / from.length;
    };
    row.sort((a, b) => centre(a) - centre(b) || a - b);
    for (const [place, i] of row.entries()) position.set(i, place);
  }
  return rows;
}
