import { Random } from '@crossmodal/core';
import type { Dataset } from '@crossmodal/core/data';

/**
 * Batches made on the fly from the indices of what they hold: shuffled anew each epoch, last batch left out when it is
 * not full.
 *
 * @param count how many items there are.
 * @param make turns indices into a batch; the random numbers are those of this batch, for augmentation.
 */
export function batchesOf<Batch>(
  count: number,
  make: (indices: number[], random: Random) => Batch | Promise<Batch>,
  { batchSize, seed }: { batchSize: number; seed: number },
): Dataset<Batch> {
  const batchesPerEpoch = Math.max(1, Math.floor(count / batchSize));
  const all = Array.from({ length: count }, (_, index) => index);
  return {
    batchesPerEpoch,
    async *iterate(epoch) {
      const random = new Random(seed).fork('batches').fork(epoch);
      const order = random.fork('order').shuffle(all);
      for (let batch = 0; batch < batchesPerEpoch; batch++) {
        yield await make(order.slice(batch * batchSize, (batch + 1) * batchSize), random.fork(batch));
      }
    },
  };
}
