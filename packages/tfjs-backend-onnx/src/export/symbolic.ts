import { staticInputs } from '../emit/static-inputs.js';
import {
  constantNumbers,
  createNode,
  type Graph,
  type Node,
  type Numbers,
  topological,
  type Value,
} from '../ir/graph.js';
import { add, apply, cast, concat, constant, div, mul, reshape, scalar } from '../ir/ops.js';
import { rewrite } from '../passes/rewrite.js';
import { attributeExtents, sameNumbers } from './alike.js';
import type { Extent } from './extent.js';
import { variationOf } from './variation.js';

/**
 * Makes one graph for any batch size out of the graphs of one function at several. Reshapes take the varying dimension
 * from what is left over (-1); every other size that varies is computed from the shape of `leader`, an input whose
 * first dimension is the batch.
 *
 * @param graphs alike: `firstDifference` found none.
 */
export function symbolic(graphs: readonly Graph[], batches: readonly number[], leader: Value): Graph {
  const orders = graphs.map((graph) => topological(graph.outputs));
  const position = new Map(orders[0]!.map((node, i) => [node, i]));
  const sizes = new BatchSizes(leader);
  return rewrite(graphs[0]!, (node, inputs) => {
    const nodes = orders.map((order) => order[position.get(node)!]!);
    if (node.op === 'Constant') {
      const seen = nodes.map((each) => constantNumbers(each.outputs[0]!));
      return sameNumbers(seen) ? undefined : [varyingConstant(node.outputs[0]!, seen, batches, sizes)];
    }
    const statics = node.domain === '' ? staticInputs[node.op] : undefined;
    if (statics === undefined) return undefined;
    const extents = new Map(
      statics.map(({ attribute }) => [
        attribute,
        attributeExtents(
          nodes.map((each) => each.attrs[attribute]),
          batches,
        ),
      ]),
    );
    if (![...extents.values()].some((list) => list?.some(varies))) return undefined;
    if (node.op === 'Reshape') {
      const shape = extents.get('shape')!;
      if (shape.filter(varies).length === 1) {
        const relative = shape.map((extent) => (varies(extent) ? -1 : extent.offset));
        return retyped(node, inputs, { ...node.attrs, shape: relative });
      }
    }
    const attrs = { ...node.attrs };
    const computed = statics.map(({ attribute, type, scalar: single }) => {
      const parameter = node.attrs[attribute];
      if (parameter === undefined) return undefined;
      delete attrs[attribute];
      const list = extents.get(attribute);
      if (list?.some(varies)) return single ? reshape(sizes.vector(list), []) : sizes.vector(list);
      const values = typeof parameter === 'number' ? [parameter] : (parameter as readonly number[]);
      return constant(values, single ? [] : [values.length], type === 'same' ? node.inputs[0]!.type : type);
    });
    return retyped(node, [...inputs, ...computed], attrs);
  });
}

const varies = (extent: Extent): boolean => extent.numerator !== 0;

/** The same operation with other inputs and attributes; result shapes stay those of the first batch size. */
function retyped(node: Node, inputs: readonly (Value | undefined)[], attrs: Node['attrs']): readonly Value[] {
  const outputs = node.outputs.map(({ shape, type }) => ({ shape, type }));
  return createNode({ op: node.op, inputs, attrs, outputs }).outputs;
}

/** Sizes computed from the batch size when the graph runs, each once. */
class BatchSizes {
  private readonly sizes = new Map<string, Value>();
  private batch: Value | undefined;

  constructor(private readonly leader: Value) {}

  /** The batch size: int64 [1]. */
  get size(): Value {
    this.batch ??= apply('Shape', [this.leader], [1], 'int64', { start: 0, end: 1 });
    return this.batch;
  }

  /** Several sizes: int64 [n]. */
  vector(extents: readonly Extent[]): Value {
    return concat(
      extents.map((extent) => this.one(extent)),
      0,
    );
  }

  private one({ numerator, denominator, offset }: Extent): Value {
    if (numerator === 0) return constant([offset], [1], 'int64');
    const key = `${numerator}/${denominator}+${offset}`;
    const before = this.sizes.get(key);
    if (before !== undefined) return before;
    const whole = (value: number) => constant([value], [1], 'int64');
    let size = numerator === 1 ? this.size : mul(this.size, whole(numerator));
    if (denominator !== 1) size = div(size, whole(denominator));
    if (offset !== 0) size = add(size, whole(offset));
    this.sizes.set(key, size);
    return size;
  }
}

function varyingConstant(value: Value, seen: readonly Numbers[], batches: readonly number[], sizes: BatchSizes): Value {
  const { perBatch, inverse, coefficients } = variationOf(seen, batches)!;
  const one = scalar(1, 'float64');
  const batch = cast(sizes.size, 'float64');
  const u = perBatch ? div(one, batch) : batch;
  const column = (power: 0 | 1 | 2) =>
    constant(
      coefficients.map((each) => each[power]),
      [coefficients.length],
      'float64',
    );
  // c0 + u (c1 + u c2)
  const number = add(column(0), mul(u, add(column(1), mul(u, column(2)))));
  const result = inverse ? div(one, number) : number;
  return reshape(cast(result, value.type), value.shape);
}
