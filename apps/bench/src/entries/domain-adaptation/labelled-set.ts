import type { DomainInputs, LabelledBatch } from '@crossmodal/adaptation';
import type { Random } from '@crossmodal/core';
import type { Dataset } from '@crossmodal/core/data';
import * as tf from '@tensorflow/tfjs-core';

/** Items with their classes, of which batches are made. */
export interface LabelledSet {
  count: number;
  labels: ArrayLike<number>;
  /** With `random` as training sees them, each time another way where the set has ways. */
  inputs(rows: readonly number[], random?: Random): DomainInputs;
}

/** What is learnt from, and what is judged on. */
export interface Domain {
  /** As tables call it. */
  name: string;
  train: LabelledSet;
  test: LabelledSet;
}

/** Some rows of a set, as a set. */
export function subset(set: LabelledSet, rows: readonly number[]): LabelledSet {
  return {
    count: rows.length,
    labels: rows.map((row) => set.labels[row] as number),
    inputs: (places, random) =>
      set.inputs(
        places.map((place) => rows[place] as number),
        random,
      ),
  };
}

/** The first `count` rows of a set in their order. */
export function inOrder(set: LabelledSet, count = set.count): Dataset<LabelledBatch> {
  const size = 250;
  const end = Math.min(count, set.count);
  return {
    batchesPerEpoch: Math.ceil(end / size),
    async *iterate() {
      for (let start = 0; start < end; start += size) {
        const rows = Array.from({ length: Math.min(size, end - start) }, (_, i) => start + i);
        yield { inputs: set.inputs(rows), labels: labelTensor(set.labels, rows) };
      }
    },
  };
}

/** The classes of some rows, [rows]. */
export function labelTensor(labels: ArrayLike<number>, rows: readonly number[]): tf.Tensor1D {
  return tf.tensor1d(
    rows.map((row) => labels[row] as number),
    'int32',
  );
}
