import {
  type Dataset,
  type FitOptions,
  fit,
  type History,
  type RuleOptimizer,
  type TrainStepOptions,
  trainStep,
} from '@crossmodal/core';

/** Trains from beginning to end and frees what only the training needed. */
export async function trainToEnd<Batch>(
  options: TrainStepOptions<Batch> & { optimizer: RuleOptimizer },
  data: Dataset<Batch>,
  run: FitOptions,
): Promise<History> {
  const step = trainStep<Batch>(options);
  try {
    return await fit(step, data, run);
  } finally {
    step.dispose();
    options.optimizer.dispose();
  }
}
