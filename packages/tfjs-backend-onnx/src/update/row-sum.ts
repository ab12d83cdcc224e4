import { constantNumbers, isConstant, type Value } from '../ir/graph.js';
import { withoutReshape } from '../ir/ops.js';

/**
 * Rows summed by index, the gradient of a lookup table, where only an update reads it: it is summed into the memory of
 * the update. ONNX Runtime's ScatterElements takes 12 ns per number.
 */
export interface RowSum {
  /** [rows, width]; row i is the sum of the rows of `updates` whose index is i. */
  readonly value: Value;
  /** [count, width] */
  readonly updates: Value;
  /** [count, 1], int32; those outside of the table count for nothing. */
  readonly index: Value;
}

/** The operands of a sum as `formulations/segment-sum.ts` writes it with ScatterElements. */
export function rowSumOf(value: Value): RowSum | undefined {
  if (value.node.op !== 'Slice' || value.type !== 'float32') return undefined;
  const scatter = withoutReshape(value.node.inputs[0]!).node;
  if (scatter.op !== 'ScatterElements' || scatter.attrs['reduction'] !== 'add' || scatter.attrs['axis'] !== 0)
    return undefined;
  if (String(value.node.attrs['starts']) !== '0' || String(value.node.attrs['axes']) !== '0') return undefined;
  const [zeros, everywhere, updates] = scatter.inputs as [Value, Value, Value];
  const safe = everywhere.node.op === 'Expand' ? withoutReshape(everywhere.node.inputs[0]!).node : everywhere.node;
  if (!isZero(zeros) || safe.op !== 'Where') return undefined;
  const index = safe.inputs[1]!;
  return index.type === 'int32' ? { value, updates, index } : undefined;
}

function isZero({ node }: Value): boolean {
  const [filled] = node.inputs;
  return node.op === 'Expand' && isConstant(filled!) && Number(constantNumbers(filled!)[0]) === 0;
}

/** Sums in the order of the updates, as ScatterElements does. */
export function sumRows(into: Float32Array, updates: Float32Array, index: Int32Array): void {
  const width = updates.length / index.length;
  const rows = into.length / width;
  into.fill(0);
  for (let i = 0; i < index.length; i++) {
    const row = index[i]!;
    if (row < 0 || row >= rows) continue;
    let to = row * width;
    let from = i * width;
    for (const end = from + width; from < end; from++, to++) into[to] = into[to]! + updates[from]!;
  }
}
