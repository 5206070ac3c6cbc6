/** A model as a picture. */

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

const [boxHeight, rowGap, columnGap, padding, letter] = [46, 34, 24, 12, 7.4];

/** A place in a row: a node, or where an arrow that leads further down passes by. */
interface Place {
  readonly node: number | null;
  /** Places in the row above. */
  readonly from: readonly Place[];
  readonly width: number;
  x: number;
  y: number;
}

/**
 * The layers of a model, and from which others each takes its inputs.
 *
 * @returns SVG text
 * @throws ArgumentError for options of another kind
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
  const { rows, of } = placed(nodes, widths);
  const widthOf = (row: readonly Place[]): number =>
    row.reduce((sum, { width }) => sum + width + columnGap, -columnGap);
  const total = Math.max(200, ...rows.map(widthOf));
  for (const [depth, row] of rows.entries()) {
    let x = padding + (total - widthOf(row)) / 2;
    for (const place of row) {
      place.x = x;
      place.y = padding + depth * (boxHeight + rowGap);
      x += place.width + columnGap;
    }
  }
  const arrows = rows.flat().flatMap((place) =>
    place.from.map((source) => {
      const [x1, y1] = [source.x + source.width / 2, source.y + boxHeight];
      const [x2, y2] = [place.x + place.width / 2, place.y];
      const middle = (y1 + y2) / 2;
      const straight = place.node === null ? ` L${x2.toFixed(1)} ${y2 + boxHeight}` : '';
      const d = `M${x1.toFixed(1)} ${y1} C${x1.toFixed(1)} ${middle} ${x2.toFixed(1)} ${middle} ${x2.toFixed(1)} ${y2}${straight}`;
      const head: Record<string, string> = place.node === null ? {} : { 'marker-end': 'url(#arrow)' };
      return element('path', { d, fill: 'none', stroke: '#555', ...head });
    }),
  );
  const boxes = nodes.map((node, i) => {
    const { x, y } = of[i]!;
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
  if (showShapes && shapes.length > 0) lines.push(shapes.map((shape) => showShape(shape)).join(' '));
  if (showParameters && module !== null) {
    const count = module.countParameters();
    if (count > 0) lines.push(`${count.toLocaleString('en-US')} parameters`);
  }
  return lines;
}

/** Places row by row, as far from the inputs as their longest way is; those of a row in the order of what they take. */
function placed(nodes: readonly GraphNode[], widths: readonly number[]): { rows: Place[][]; of: Place[] } {
  const depth: number[] = [];
  for (const [i, { from }] of nodes.entries()) depth[i] = Math.max(-1, ...from.map((source) => depth[source]!)) + 1;
  const rows: Place[][] = Array.from({ length: Math.max(0, ...depth) + 1 }, () => []);
  const of: Place[] = [];
  const add = (row: number, node: number | null, from: readonly Place[]): Place => {
    const place = { node, from, width: node === null ? 8 : widths[node]!, x: 0, y: 0 };
    rows[row]!.push(place);
    return place;
  };
  for (const [i, { from }] of nodes.entries()) {
    const above = from.map((source) => {
      let place = of[source]!;
      for (let row = depth[source]! + 1; row < depth[i]!; row++) place = add(row, null, [place]);
      return place;
    });
    of[i] = add(depth[i]!, i, above);
  }
  const position = new Map<Place, number>();
  for (const row of rows) {
    const order = new Map(row.map((place, i) => [place, i]));
    const centre = (place: Place): number =>
      place.from.length === 0
        ? order.get(place)!
        : place.from.reduce((sum, source) => sum + position.get(source)!, 0) / place.from.length;
    row.sort((a, b) => centre(a) - centre(b) || order.get(a)! - order.get(b)!);
    for (const [i, place] of row.entries()) position.set(place, i);
  }
  return { rows, of };
}
