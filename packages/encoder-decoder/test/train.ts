import type { Trainable } from '@crossmodal/core';
import { tensorDataset } from '@crossmodal/core/data';
import { adam } from '@crossmodal/core/optimisers';
import { fit, trainStep } from '@crossmodal/core/train';
import type { TensorContainerObject } from '@tensorflow/tfjs-core';

/** Trains a model on tensors in memory and returns the loss of the last step. */
export async function train<Batch extends TensorContainerObject>(
  model: Trainable<Batch>,
  data: Batch,
  {
    steps,
    batchSize,
    learningRate = 1e-2,
    seed = 1,
  }: { steps: number; batchSize: number; learningRate?: number; seed?: number },
): Promise<number> {
  const optimizer = adam({ learningRate });
  const step = trainStep(model, { optimizer });
  const dataset = tensorDataset(data, { batchSize, seed, dropRemainder: true });
  const { records } = await fit(step, dataset, { steps, progress: false });
  step.dispose();
  optimizer.dispose();
  return records.at(-1)!.metrics['loss']!;
}
