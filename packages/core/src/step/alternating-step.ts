import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import type { Alternating } from '../trainable.js';
import { Objective, type ObjectiveOptions } from './objective.js';
import { objectiveRound } from './objective-round.js';
import { checkModel, stepEngine, type TrainStep } from './step-engine.js';

export interface AlternatingObjectiveOptions extends ObjectiveOptions {
  /** Updates per step, on the same batch, with fresh random numbers. */
  repeat?: number;
  /**
   * Lazy regularisation: the loss is called with `{ training: true, regularisation }`, which is this number in each so many-th step, from
   * the first on, and 0 in all others: what the loss is to multiply its regulariser by. For models whose losses know that option.
   *
   * @see Karras et al., Analyzing and improving the image quality of StyleGAN (2020), section 3.1
   */
  regulariseEvery?: number;
}

export interface AlternatingStepOptions<Name extends string = string> {
  /** How each objective of the model is minimised, by name. */
  objectives: Readonly<Record<Name, AlternatingObjectiveOptions>>;
  /** Replays the step without running its JavaScript, on backends that can. */
  compile?: boolean;
}

const optionNames: Record<keyof AlternatingStepOptions, true> = { objectives: true, compile: true };
const objectiveOptionNames: Record<keyof AlternatingObjectiveOptions, true> = {
  optimizer: true,
  transforms: true,
  repeat: true,
  regulariseEvery: true,
};

/**
 * A step that trains a model of several objectives in turn on each batch: generator and discriminator, encoder and adversary,
 * terms of a cost optimised one after the other. Each sees what those before it have just changed. One compiled function runs
 * the whole round.
 *
 * @returns a step whose metrics are called `${objective}/${term}` (of the last of an objective's repeats)
 * @throws CrossmodalError without objectives, for options that name others than the model's, for an optimiser that two share,
 *   and for a repeat that is no integer of at least 1 or stands beside an accumulation
 * @see Goodfellow et al.: Generative adversarial nets (2014), algorithm 1
 * @example
 * const step = alternatingStep(gan, {
 *   objectives: {
 *     discriminator: { optimizer: adam({ learningRate: 2e-4, beta1: 0.5 }) },
 *     generator: { optimizer: adam({ learningRate: 2e-4, beta1: 0.5 }), transforms: [average({ warmup: true })] },
 *   },
 * });
 */
export function alternatingStep<Batch, Name extends string>(
  model: Alternating<Batch, Name>,
  options: AlternatingStepOptions<Name>,
): TrainStep<Batch> {
  const names = namesOf(model);
  assertKnownOptions('alternatingStep', options, optionNames);
  const { objectives: settings, compile = true } = options;
  checkNames(names, settings);
  const objectives = names.map((name) => {
    const caller = `alternatingStep: '${name}'`;
    checkModel(caller, model.objectives[name]);
    assertKnownOptions(caller, settings[name], objectiveOptionNames);
    const { repeat = 1, regulariseEvery, ...rest } = settings[name];
    return new Objective<Batch>(caller, model.objectives[name], rest, { prefix: `${name}/`, repeat, regulariseEvery });
  });
  if (new Set(objectives.map(({ optimizer }) => optimizer)).size !== objectives.length) {
    throw new CrossmodalError('alternatingStep: each objective needs an optimizer of its own, two of them share one');
  }
  return stepEngine({
    caller: 'alternatingStep',
    variables: () => model.namedVariables(),
    objectives,
    makeBody: (clock) => objectiveRound('alternatingStep', objectives, clock, compile),
  });
}

function namesOf<Batch, Name extends string>(model: Alternating<Batch, Name>): Name[] {
  const names = Object.keys(model?.objectives ?? {}) as Name[];
  if (names.length > 0 && typeof model.namedVariables === 'function') return names;
  throw new CrossmodalError(
    `alternatingStep: the model must have objectives and namedVariables, got ${Object.keys(model ?? {}).join(', ') || typeof model}`,
    { remedy: 'a model of one loss is trained by trainStep(model, { optimizer })' },
  );
}

function checkNames(names: readonly string[], settings: object | undefined): void {
  const present = Object.keys(settings ?? {});
  const missing = names.filter((name) => !present.includes(name));
  const others = present.filter((name) => !names.includes(name));
  if (missing.length === 0 && others.length === 0) return;
  throw new CrossmodalError(
    `alternatingStep: objectives must be set for ${names.join(', ')}, got ${present.join(', ') || 'none'}`,
    { remedy: `write { objectives: { ${names.map((name) => `${name}: { optimizer }`).join(', ')} } }` },
  );
}
