import { type Graph, type Node, sameShape, sizeOf, topological, type Value } from '../ir/graph.js';
import { apply, concat, reduce, reshape, split, withoutReshape } from '../ir/ops.js';
import { FEW_ROWS } from '../machine-thresholds.js';
import { countUses, rewrite } from './rewrite.js';

/**
 * Makes few large products of many small ones: what a recurrent network does once per step with the same weights.
 *
 *   a1' b1 + a2' b2 + ...       = [a1; a2; ...]' [b1; b2; ...]     gradients of weights
 *   [a1 w; a2 w; ...]           = [a1; a2; ...] w                  gradients of inputs
 *   x1 w, x2 w, ... of a split  = the split of x w                 projections of inputs
 *
 * and the same for sums over rows (gradients of biases). Sums run in another order: results differ by rounding.
 */
export function mergeProducts(graph: Graph): Graph {
  const uses = countUses(graph);
  /** Sums of products that wait for the last term, as the list of terms. */
  const sums = new Map<Value, Value[]>();
  /** What is left of a split: the product of everything that was split. */
  const projections = new Map<string, readonly Value[]>();
  const worthwhile = projectedSplits(graph);
  /** Numbers in the order in which values are read. */
  const ids = new Map<Value, number>();
  const idOf = (value: Value): number => {
    if (!ids.has(value)) ids.set(value, ids.size);
    return ids.get(value)!;
  };

  const usedOnce = (value: Value): boolean =>
    uses.get(value) === 1 && (value.node.op !== 'Reshape' || usedOnce(value.node.inputs[0]!));

  return rewrite(graph, (node, inputs) => {
    for (const input of inputs) if (input !== undefined) idOf(input);
    if (node.domain !== '') return undefined;
    const output = node.outputs[0]!;
    if (node.op === 'Add' && inputs.every((value) => sameShape(value!.shape, output.shape))) {
      const lists = inputs.map((value, i) => (usedOnce(node.inputs[i]!) ? termsOf(value!, sums) : []));
      const terms = lists.flat();
      const [first] = terms;
      if (first === undefined || lists.some((list) => list.length === 0) || !terms.every((term) => alike(term, first)))
        return undefined;
      // In one order wherever the same gradients are summed, so that they are put together once: what is computed last
      // comes first, which is the order of time in the gradient of the inputs.
      const ordered = [...terms].sort((a, b) => idOf(factorOf(b)) - idOf(factorOf(a)));
      const merged = reshape(sumOf(ordered), output.shape);
      sums.set(merged, terms);
      return [merged];
    }
    if (node.op === 'Concat' && node.attrs['axis'] === 0 && inputs.length > 2) {
      const rows = inputs.map((value) => withoutReshape(value!));
      const [first] = rows as [Value];
      const [, weight] = first.node.inputs;
      if (first.node.op !== 'Gemm' || first.node.inputs.length !== 2 || first.node.attrs['transA'] !== 0)
        return undefined;
      const same = rows.every(
        ({ node: { op, inputs: operands, attrs } }, i) =>
          op === 'Gemm' &&
          operands.length === 2 &&
          operands[1] === weight &&
          attrs['transA'] === 0 &&
          attrs['transB'] === first.node.attrs['transB'] &&
          usedOnce(node.inputs[i]!),
      );
      if (!same) return undefined;
      const all = concat(
        rows.map((row) => row.node.inputs[0]!),
        0,
      );
      const product = apply('Gemm', [all, weight], [all.shape[0]!, first.shape[1]!], 'float32', first.node.attrs);
      return [reshape(product, output.shape)];
    }
    if (node.op === 'Gemm' && inputs.length === 2 && node.attrs['transA'] === 0) {
      const [x, weight] = inputs as [Value, Value];
      const part = withoutReshape(x);
      const parts = part.node;
      if (!worthwhile.has(node) || parts.op !== 'Split') return undefined;
      if (!parts.outputs.every(({ shape }) => sameShape(shape, part.shape))) return undefined;
      const key = `${idOf(parts.outputs[0]!)} ${idOf(weight)} ${node.attrs['transB']} ${x.shape}`;
      let products = projections.get(key);
      if (products === undefined) {
        const whole = parts.inputs[0]!;
        const rows = reshape(whole, [sizeOf(whole.shape) / x.shape[1]!, x.shape[1]!]);
        const product = apply('Gemm', [rows, weight], [rows.shape[0]!, output.shape[1]!], 'float32', node.attrs);
        products = split(
          product,
          parts.outputs.map(() => x.shape[0]!),
          0,
        );
        projections.set(key, products);
      }
      return [products[part.index]!];
    }
    return undefined;
  });
}

/** Products with most parts of a split, all with the same weight: only then is the product of everything less work. */
function projectedSplits(graph: Graph): Set<Node> {
  const families = new Map<Node, Map<Value, Node[]>>();
  for (const node of topological(graph.outputs)) {
    if (node.op !== 'Gemm' || node.inputs.length !== 2) continue;
    const [x, weight] = node.inputs as [Value, Value];
    const { node: parts } = withoutReshape(x);
    if (parts.op !== 'Split' || parts.attrs['axis'] !== 0 || parts.outputs.length < 3) continue;
    const family = families.get(parts) ?? new Map<Value, Node[]>();
    families.set(parts, family);
    family.set(weight, [...(family.get(weight) ?? []), node]);
  }
  const chosen = new Set<Node>();
  for (const [parts, family] of families) {
    for (const products of family.values()) {
      const factors = new Set(products.map(({ inputs }) => withoutReshape(inputs[0]!)));
      if (factors.size * 2 > parts.outputs.length) for (const product of products) chosen.add(product);
    }
  }
  return chosen;
}

/** The terms of a value that can be merged into one product or sum over rows. */
function termsOf(value: Value, sums: ReadonlyMap<Value, Value[]>): Value[] {
  const terms = sums.get(value);
  if (terms !== undefined) return terms;
  const term = withoutReshape(value);
  const { op, attrs, inputs } = term.node;
  // What is merged is copied: for few rows that costs less than products that are too small.
  if (inputs[0] === undefined || inputs[0].shape[0]! > FEW_ROWS) return [];
  if (op === 'Gemm' && inputs.length === 2 && attrs['transA'] === 1 && attrs['transB'] === 0) return [term];
  if (op === 'ReduceSum' && isOverRows(term)) return [term];
  return [];
}

function isOverRows({ node }: Value): boolean {
  const axes = node.attrs['axes'] as readonly number[];
  return node.inputs[0]!.shape.length === 2 && axes.length === 1 && axes[0] === 0;
}

/** The last operand: what sums of different kinds may have in common. */
const factorOf = ({ node: { inputs } }: Value): Value => inputs[inputs.length - 1]!;

const alike = (a: Value, b: Value): boolean => a.node.op === b.node.op && sameShape(a.shape, b.shape);

function sumOf(terms: readonly Value[]): Value {
  const [first] = terms as [Value];
  const stacked = (i: number) =>
    concat(
      terms.map((term) => term.node.inputs[i]!),
      0,
    );
  if (first.node.op === 'ReduceSum') return reshape(reduce('ReduceSum', stacked(0), [0], false), first.shape);
  return apply('Gemm', [stacked(0), stacked(1)], first.shape, 'float32', first.node.attrs);
}
