import { assertKnownOptions } from '../known-options.js';
import type { Trainable } from '../trainable.js';
import { type LossFunction, Objective, type ObjectiveOptions } from './objective.js';
import { objectiveRound } from './objective-round.js';
import { checkModel, stepEngine, type TrainStep } from './step-engine.js';

export interface TrainStepOptions extends ObjectiveOptions {
  /** Replays the step without running its JavaScript, on backends that can. */
  compile?: boolean;
}

const optionNames: Record<keyof TrainStepOptions, true> = { optimizer: true, transforms: true, compile: true };

/**
 * A step that trains a model: one update of its trainable variables by the gradient of its loss, compiled where the backend
 * compiles. Learning rates, random numbers and scheduled weights are read anew at each call, so nothing is traced again when
 * they change.
 *
 * In place of a model, `{ loss, variables }` is taken: a plain function of the batch and the variables that it is made of.
 *
 * @returns a step whose metrics are `loss`, the terms of the model's loss, and what the transforms report
 * @throws CrossmodalError for settings out of range and options that do not exist; at the first run, when the loss does not
 *   depend on the variables
 * @example
 * const step = trainStep(model, {
 *   optimizer: adamW({ learningRate: 1e-3 }),
 *   transforms: [clipByNorm(1), average({ decay: 0.999 })],
 * });
 */
export function trainStep<Batch>(model: LossFunction<Batch>, options: TrainStepOptions): TrainStep<Batch>;
export function trainStep<Batch>(model: Trainable<Batch>, options: TrainStepOptions): TrainStep<Batch>;
export function trainStep<Batch>(
  model: Trainable<Batch> | LossFunction<Batch>,
  options: TrainStepOptions,
): TrainStep<Batch> {
  checkModel('trainStep', model);
  assertKnownOptions('trainStep', options, optionNames);
  const { compile = true, ...rest } = options;
  const objective = new Objective('trainStep', model, rest);
  return stepEngine({
    variables: () => ('namedVariables' in model ? model.namedVariables() : {}),
    objectives: [objective],
    makeBody: (clock) => objectiveRound('trainStep', [objective], clock, compile),
  });
}
