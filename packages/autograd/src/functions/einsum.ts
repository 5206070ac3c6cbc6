/** Sums of products, said by naming axes. */

import { ArgumentError, ShapeError } from '@cotangent/kernels';
import type { Tensor } from '../tensor.js';
import { checkTensor } from './operands.js';
import { matmul } from './products.js';
import { diagonal, moveAxis } from './rearrange.js';
import { permute, reshape } from './shape.js';

/** A tensor and a letter for each of its axes. */
interface Named {
  readonly x: Tensor;
  readonly names: readonly string[];
}

/** The names of '...' axes: numbers from the end, so that they broadcast. */
const ellipsis = (count: number): string[] => Array.from({ length: count }, (_, k) => `.${count - k}`);

function parse(equation: string, tensors: readonly Tensor[]): { inputs: Named[]; output: string[] } {
  const [left, right, ...rest] = equation.replaceAll(' ', '').split('->');
  const terms = left!.split(',');
  if (rest.length > 0 || terms.length !== tensors.length) {
    throw new ArgumentError(
      'einsum',
      `got '${equation}' for ${tensors.length} tensors; expected a term for each, as in 'ij,jk->ik'`,
    );
  }
  const read = (term: string, dots: number): string[] => {
    if (!/^[A-Za-z]*(\.\.\.)?[A-Za-z]*$/.test(term))
      throw new ArgumentError('einsum', `got '${term}' in '${equation}'; expected letters, and ... once at most`);
    const [before, after] = term.split('...');
    return after === undefined ? [...before!] : [...before!, ...ellipsis(dots), ...after];
  };
  const inputs = terms.map((term, i): Named => {
    const x = checkTensor('einsum', tensors[i]);
    const letters = term.replace('...', '').length;
    const dots = term.includes('...') ? x.rank - letters : 0;
    if (dots < 0 || letters + dots !== x.rank) {
      throw new ShapeError('einsum', { [`tensor ${i}`]: x.shape }, `as many axes as '${term}' names`);
    }
    return { x, names: read(term, dots) };
  });
  const most = Math.max(0, ...inputs.map(({ names }) => names.filter((name) => name.startsWith('.')).length));
  const all = inputs.flatMap(({ names }) => names);
  // Without an arrow: the axes that come once, in alphabetical order, behind those of the dots.
  const implicit = [
    ...ellipsis(most),
    ...[...new Set(all)].filter((name) => !name.startsWith('.') && all.indexOf(name) === all.lastIndexOf(name)).sort(),
  ];
  const output = right === undefined ? implicit : read(right, most);
  for (const name of output) {
    if (!all.includes(name) || output.indexOf(name) !== output.lastIndexOf(name))
      throw new ArgumentError('einsum', `got '${equation}'; expected every axis of the result once, and in some term`);
  }
  return { inputs, output };
}

/** An axis that a term names twice is its diagonal. */
function withoutRepeats({ x, names }: Named): Named {
  const first = names.findIndex((name, i) => names.indexOf(name) !== i);
  if (first < 0) return { x, names };
  const name = names[first]!;
  const other = names.indexOf(name);
  if (x.shape[first] !== x.shape[other])
    throw new ShapeError('einsum', { x: x.shape }, `equal extents of the axes named ${name}`);
  const last = diagonal(moveAxis(moveAxis(x, first, -1), other, -1));
  return withoutRepeats({ x: last, names: [...names.filter((_, i) => i !== first && i !== other), name] });
}

/** Sums over the axes that nobody else names. */
function withoutStrangers({ x, names }: Named, needed: ReadonlySet<string>): Named {
  const axes = names.flatMap((name, i) => (needed.has(name) ? [] : [i]));
  return axes.length === 0
    ? { x, names }
    : { x: x.sum({ axis: axes }), names: names.filter((name) => needed.has(name)) };
}

/** The product of two, summed over what only they name: batch axes in front, one matrix product. */
function contract(a: Named, b: Named, needed: ReadonlySet<string>): Named {
  const left = withoutStrangers(a, new Set([...needed, ...b.names]));
  const right = withoutStrangers(b, new Set([...needed, ...a.names]));
  const shared = left.names.filter((name) => right.names.includes(name));
  for (const name of shared) {
    const [n, m] = [extent(left, name), extent(right, name)];
    if (n !== m && n !== 1 && m !== 1)
      throw new ShapeError('einsum', { a: a.x.shape, b: b.x.shape }, `equal extents of the axis named ${name}`);
  }
  // Axes of extent 1 against others broadcast: those are no sums of products, but plain factors.
  const even = shared.filter((name) => extent(left, name) === extent(right, name));
  const summed = even.filter((name) => !needed.has(name));
  const batch = shared.filter((name) => !summed.includes(name));
  const rowsOf = left.names.filter((name) => !shared.includes(name));
  const columnsOf = right.names.filter((name) => !shared.includes(name));
  const size = (from: Named, names: readonly string[]): number => names.reduce((n, name) => n * extent(from, name), 1);
  const shapeOf = (from: Named, names: readonly string[]): number[] => names.map((name) => extent(from, name));
  const order = (from: Named, names: readonly string[]): Tensor =>
    permute(
      from.x,
      names.map((name) => from.names.indexOf(name)),
    );
  const batchOf = (from: Named): number[] => shapeOf(from, batch);
  const p = reshape(order(left, [...batch, ...rowsOf, ...summed]), [
    ...batchOf(left),
    size(left, rowsOf),
    size(left, summed),
  ]);
  const q = reshape(order(right, [...batch, ...summed, ...columnsOf]), [
    ...batchOf(right),
    size(right, summed),
    size(right, columnsOf),
  ]);
  const product = matmul(p, q);
  return {
    x: reshape(product, [...product.shape.slice(0, -2), ...shapeOf(left, rowsOf), ...shapeOf(right, columnsOf)]),
    names: [...batch, ...rowsOf, ...columnsOf],
  };
}

const extent = ({ x, names }: Named, name: string): number => x.shape[names.indexOf(name)]!;

/**
 * Sums of products of tensors, said by naming their axes (NumPy's `einsum`): axes with one name are multiplied together, and those that
 * the result does not name are summed over. An axis named twice in one term is its diagonal; `...` stands for the axes not named, which
 * broadcast. Three and more tensors are multiplied two at a time, the pair with the smallest result first.
 *
 * @param equation such as `'bij,bjk->bik'`; without the arrow the result has the axes named once, in alphabetical order
 * @returns differentiable in every tensor, to any order
 * @throws ArgumentError for an equation that does not read so; ShapeError when extents differ; DTypeError unless all have one floating dtype
 * @example
 * einsum('ij,j->i', tensor([[1, 2], [3, 4]]), tensor([10, 1])); // → [12, 34]
 * einsum('ii->', tensor([[1, 2], [3, 4]])); // → 5
 */
export function einsum(equation: string, ...tensors: Tensor[]): Tensor {
  const { inputs, output } = parse(equation, tensors);
  const wanted = new Set(output);
  let terms = inputs.map(withoutRepeats);
  while (terms.length > 1) {
    const [i, j] = cheapest(terms, wanted);
    const others = terms.filter((_, k) => k !== i && k !== j);
    const needed = new Set([...wanted, ...others.flatMap(({ names }) => names)]);
    terms = [...others, contract(terms[i]!, terms[j]!, needed)];
  }
  const { x, names } = withoutStrangers(terms[0]!, wanted);
  return permute(
    x,
    output.map((name) => names.indexOf(name)),
  );
}

/** The pair whose product has the fewest elements. */
function cheapest(terms: readonly Named[], wanted: ReadonlySet<string>): [number, number] {
  let best: [number, number] = [0, 1];
  let least = Infinity;
  for (let i = 0; i < terms.length; i++) {
    for (let j = i + 1; j < terms.length; j++) {
      const rest = new Set([...wanted, ...terms.filter((_, k) => k !== i && k !== j).flatMap(({ names }) => names)]);
      const names = [...new Set([...terms[i]!.names, ...terms[j]!.names])].filter((name) => rest.has(name));
      const from = (name: string): number => extent(terms[i]!.names.includes(name) ? terms[i]! : terms[j]!, name);
      const size = names.reduce((n, name) => n * from(name), 1);
      if (size < least) [best, least] = [[i, j], size];
    }
  }
  return best;
}
