import { requireInteger } from '../checks.js';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import type { Contrastive } from '../trainable.js';
import { chunkedRound } from './chunked-round.js';
import { Objective } from './objective.js';
import { checkModel, stepEngine, type TrainStep } from './step-engine.js';
import type { TrainStepOptions } from './train-step.js';

export interface CachedGradientStepOptions extends TrainStepOptions {
  /** Rows that go through the encoders at a time: what bounds memory. */
  chunkSize: number;
}

const optionNames: Record<keyof CachedGradientStepOptions, true> = {
  optimizer: true,
  transforms: true,
  compile: true,
  chunkSize: true,
};

/**
 * A training step on a batch whose encoders would not fit into memory at once (GradCache). A contrastive loss needs all
 * embeddings, but only their gradients connect it with the encoders:
 *
 * 1. embed the batch chunk by chunk, keeping embeddings only; 2. compute the loss and its gradient with respect to the
 * embeddings; 3. embed each chunk again, now with gradients, and backpropagate sum_i <z_i, dL/dz_i>.
 *
 * The result is the gradient of the whole batch, for the memory of one chunk and one more forward pass. Dropout draws the
 * same numbers in both passes, other ones in each chunk. Batch normalisation sees chunks, not the batch, and moves its
 * averages twice per step.
 *
 * @returns a step with the metrics, checkpoints and counters of `trainStep`
 * @throws CrossmodalError when the chunk size is not a positive integer, an option does not exist, or the tensors of a batch
 *   differ in their number of rows
 * @see Gao, Zhang, Han and Callan (2021), Scaling deep contrastive learning batch size under memory limited setup, section 3.2
 * @example
 * const step = cachedGradientStep(model, { optimizer: adamW({ learningRate: 1e-3 }), chunkSize: 64 });
 * await fit(step, batchesOf1024, { epochs: 10 });
 */
export function cachedGradientStep<Batch>(
  model: Contrastive<Batch>,
  options: CachedGradientStepOptions,
): TrainStep<Batch> {
  checkModel('cachedGradientStep', model);
  for (const name of ['embedBatch', 'contrast'] as const) {
    if (typeof model[name] === 'function') continue;
    throw new CrossmodalError(`cachedGradientStep: the model must have embedBatch and contrast, it lacks ${name}`, {
      remedy: 'a model whose loss is not one of embeddings is trained by trainStep(model, { optimizer })',
    });
  }
  assertKnownOptions('cachedGradientStep', options, optionNames);
  const { compile = true, chunkSize, ...rest } = options;
  requireInteger('cachedGradientStep: chunkSize', chunkSize);
  const objective = new Objective('cachedGradientStep', model, rest);
  return stepEngine({
    caller: 'cachedGradientStep',
    variables: () => model.namedVariables(),
    objectives: [objective],
    makeBody: (clock) => chunkedRound('cachedGradientStep', model, objective, { clock, compile, chunkSize }),
  });
}
