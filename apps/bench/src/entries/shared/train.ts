import type { Dataset } from '@crossmodal/core/data';
import type { RuleOptimizer } from '@crossmodal/core/optimisers';
import { type FitOptions, fit, type History, type TrainStepOptions, trainStep } from '@crossmodal/core/train';

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
