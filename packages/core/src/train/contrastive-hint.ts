import type { Tensor, TensorContainer } from '@tensorflow/tfjs-core';
import { mapTensors } from '../data/dataset.js';
import type { TrainRecord } from './records.js';

/**
 * Watches for a contrastive loss that does not leave log B, its value when all pairs of a batch of B look alike. Says so
 * once: when a term has stayed within one percent of log B for as many records as `patience`.
 */
export class ContrastiveHint {
  readonly #patience: number;
  readonly #counts = new Map<string, number>();
  #said = false;

  constructor({ patience = 100 }: { patience?: number } = {}) {
    this.#patience = patience;
  }

  observe({ step, metrics }: TrainRecord, batchSize: number | undefined): string | undefined {
    if (this.#said || batchSize === undefined || batchSize < 4) return undefined;
    const flat = Math.log(batchSize);
    for (const [name, value] of Object.entries(metrics)) {
      const count = Math.abs(value - flat) < 0.01 * flat ? (this.#counts.get(name) ?? 0) + 1 : 0;
      this.#counts.set(name, count);
      if (count < this.#patience) continue;
      this.#said = true;
      return (
        `hint: '${name}' has stayed at log ${batchSize} = ${flat.toFixed(3)} for ${count} steps, until step ${step}. A contrastive ` +
        'loss does so while all pairs look alike: check that row i of one modality belongs to row i of the other, that the ' +
        'embeddings differ between rows, and that the learning rate is neither too high nor too low'
      );
    }
    return undefined;
  }
}

/** The number of rows of a batch: the first dimension of its first tensor. */
export function rowsOf(batch: unknown): number | undefined {
  let rows: number | undefined;
  mapTensors(batch as TensorContainer, (tensor: Tensor) => {
    rows ??= tensor.shape[0];
  });
  return rows;
}
