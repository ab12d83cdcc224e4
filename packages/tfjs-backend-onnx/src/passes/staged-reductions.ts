import { type Graph, sizeOf } from '../ir/graph.js';
import { reduce, reshape } from '../ir/ops.js';
import { rewrite } from './rewrite.js';

/** Reductions that can be applied to their own results. Means are, since all parts have the same size. */
const STAGED: ReadonlySet<string> = new Set(['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceProd']);

/** Fewer rows are reduced as they are. */
const MANY = 64;

/**
 * Reduces many rows in two stages. ONNX Runtime walks down the columns of a matrix [rows, columns] on one thread, with
 * steps as long as a row; the same numbers seen as [parts, rows / parts, columns] it reduces along the middle axis,
 * in parallel and over contiguous runs: twenty times as fast for 147,456 x 32.
 */
export function stagedReductions(graph: Graph): Graph {
  return rewrite(graph, (node, inputs) => {
    if (node.domain !== '' || !STAGED.has(node.op) || node.outputs[0]!.type !== 'float32') return undefined;
    const x = inputs[0]!;
    const gone = new Set((node.attrs['axes'] as readonly number[]).filter((axis) => x.shape[axis] !== 1));
    const long = x.shape.map((_, axis) => axis).filter((axis) => x.shape[axis] !== 1);
    const leading = long.slice(0, gone.size);
    if (gone.size === 0 || gone.size === long.length || !leading.every((axis) => gone.has(axis))) return undefined;
    const rows = leading.reduce((product, axis) => product * x.shape[axis]!, 1);
    const parts = partsOf(rows);
    if (rows < MANY || parts === undefined) return undefined;
    const columns = sizeOf(x.shape) / rows;
    const first = reduce(node.op, reshape(x, [parts, rows / parts, columns]), [1], false);
    return [reshape(reduce(node.op, first, [0], false), node.outputs[0]!.shape)];
  });
}

/** A number of parts that divides the rows: enough for all threads, few for the second stage. */
function partsOf(rows: number): number | undefined {
  for (const parts of [16, 8, 32, 4, 12, 10, 20, 14, 6, 9, 15, 25, 5, 7, 11, 13, 3]) {
    if (rows % parts === 0 && rows / parts >= 4) return parts;
  }
  return undefined;
}
