import { CrossmodalError } from '@crossmodal/core';
import type { Dataset } from '@crossmodal/core/step';
import * as tf from '@tensorflow/tfjs-core';
import type { DomainBatch } from './domain-adapter.js';
import type { LabelledBatch } from './evaluate.js';
import type { DomainInputs } from './feature-extractor.js';

/** Passes over the target that one epoch may take, so that each has its own order. */
const PASSES = 4096;

/**
 * Batches of both domains side by side: labelled ones of the source, and the inputs of the target, whose labels (if it has any)
 * are not seen. An epoch is one pass over the source; the target starts again when it ends sooner.
 *
 * @throws CrossmodalError while iterating, when the target has no batches
 *
 * @example
 * const data = pairDomains(
 *   tensorDataset({ inputs: photos, labels }, { batchSize: 64, seed: 1, dropRemainder: true }),
 *   tensorDataset({ inputs: drawings }, { batchSize: 64, seed: 2, dropRemainder: true }),
 * );
 */
export function pairDomains(
  source: Dataset<LabelledBatch>,
  target: Dataset<{ inputs: DomainInputs }>,
): Dataset<DomainBatch> {
  async function* endless(epoch: number): AsyncGenerator<{ inputs: DomainInputs }> {
    for (let pass = 0; ; pass++) {
      let batches = 0;
      for await (const batch of target.iterate(epoch * PASSES + pass)) {
        batches++;
        yield batch;
      }
      if (batches === 0) throw new CrossmodalError('pairDomains: the target must give at least one batch, got none');
    }
  }
  return {
    batchesPerEpoch: source.batchesPerEpoch,
    async *iterate(epoch) {
      const targets = endless(epoch);
      try {
        for await (const { inputs, labels } of source.iterate(epoch)) {
          const next = await targets.next().catch((error: unknown) => {
            tf.dispose([labels]);
            tf.dispose(inputs);
            throw error;
          });
          const { inputs: own, ...rest } = next.value as { inputs: DomainInputs };
          tf.dispose(rest as tf.TensorContainer);
          yield { source: inputs, labels, target: own };
        }
      } finally {
        await targets.return(undefined);
      }
    },
  };
}
