import type { TensorContainer } from '@tensorflow/tfjs-core';
import { CrossmodalError } from '../errors.js';
import { discard } from './discard.js';

/** Turns rows into one tensor, or into several that belong together. */
export type Column<Row, Out extends TensorContainer> = (rows: readonly Row[]) => Out;

/** The batch that columns make. */
export type Collated<C> = { [Name in keyof C]: C[Name] extends (rows: never) => infer Out ? Out : never };

/** The rows that all columns understand. */
type RowOf<C> = {
  [Name in keyof C]: C[Name] extends (rows: readonly (infer Row)[]) => unknown ? (row: Row) => void : never;
}[keyof C] extends (row: infer Row) => void
  ? Row
  : never;

/**
 * A function from rows to a batch with one entry per column. On a pipeline of arrays, `.collate(columns)` does the same.
 *
 * @throws CrossmodalError what the columns throw; tensors made before that are disposed.
 * @example
 * const toBatch = collate({
 *   text: padded((row: { codes: number[] }) => row.codes),
 *   label: scalars((row: { label: number }) => row.label, { dtype: 'int32' }),
 * });
 */
export function collate<C extends Record<string, Column<never, TensorContainer>>>(
  columns: C,
): (rows: readonly RowOf<C>[]) => Collated<C> {
  return (rows) => {
    if (rows.length === 0) throw new CrossmodalError('collate: rows must hold at least one item, got none');
    const batch: Record<string, TensorContainer> = {};
    try {
      for (const [name, column] of Object.entries(columns)) {
        try {
          batch[name] = (column as Column<RowOf<C>, TensorContainer>)(rows);
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error);
          throw new CrossmodalError(`collate: column "${name}": ${reason}`, { cause: error });
        }
      }
    } catch (error) {
      discard(batch);
      throw error;
    }
    return batch as Collated<C>;
  };
}
