import type { Trainable } from '@crossmodal/core';
import type { Dataset } from '@crossmodal/core/data';
import type { RuleOptimizer } from '@crossmodal/core/optimisers';
import { type FitOptions, fit, type History, trainStep } from '@crossmodal/core/train';

/** Trains a model from beginning to end and frees what only the training needed. */
export async function trainToEnd<Batch>(
  model: Trainable<Batch>,
  optimizer: RuleOptimizer,
  data: Dataset<Batch>,
  run: FitOptions,
): Promise<History> {
  const step = trainStep(model, { optimizer });
  try {
    return await fit(step, data, run);
  } finally {
    step.dispose();
    optimizer.dispose();
  }
}
