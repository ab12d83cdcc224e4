import { CrossmodalError } from '../errors.js';
import { inStepScope } from '../random/step-scope.js';
import { type NamedVariables, prefixed } from '../variables.js';
import { compileStep } from './compile-step.js';
import { Player, type PlayerOptions } from './player.js';
import type { HostState, Metrics, Step } from './step.js';

export interface TrainStepOptions<Batch> extends PlayerOptions<Batch> {
  /** Calls per update: gradients are averaged over this many batches, the update comes with the last of them. */
  accumulate?: number;
  /**
   * Other variables that belong to the run, such as the statistics of batch normalisation, and names for all:
   * `() => namedVariables(model)`. Needed for checkpoints of models that have variables which are not trained.
   */
  state?: NamedVariables | (() => NamedVariables);
  /** Replays the step without running its JavaScript, on backends that can. */
  compile?: boolean;
}

/** A step that trains one set of variables on one loss. */
export interface TrainStep<Batch> extends Step<Batch> {
  hostState(): HostState;
  restoreHostState(state: HostState): void;
  /** The averaged weights (option `ema`), by name; empty without. */
  averages(): NamedVariables;
  /** Runs `body` (evaluation, export) with the averaged weights in place of the trained ones. */
  withAverages<T>(body: () => Promise<T> | T): Promise<T>;
}

/**
 * One update of `variables` by the gradient of `loss`, compiled where the backend compiles. Learning rates, random numbers
 * and scheduled weights are read anew at each call, so nothing is traced again when they change.
 *
 * @throws CrossmodalError for settings out of range; at the first run, when the loss does not depend on the variables.
 * @example
 * const step = trainStep({
 *   loss: ({ x, y }) => tf.losses.meanSquaredError(y, model.apply(x, { training: true }) as tf.Tensor) as tf.Scalar,
 *   variables: trainableVariables(model), optimizer: adamW({ learningRate: 1e-3 }),
 * });
 */
export function trainStep<Batch>({
  accumulate = 1,
  state = {},
  compile = true,
  ...options
}: TrainStepOptions<Batch>): TrainStep<Batch> {
  if (!Number.isSafeInteger(accumulate) || accumulate < 1) {
    throw new CrossmodalError(`trainStep: accumulate must be an integer >= 1, got ${accumulate}`);
  }
  const player = new Player('variables', options);
  const clock = { step: 0 };
  let known: NamedVariables | undefined;
  let weights: NamedVariables = {};

  const prepare = (): void => {
    if (known) return;
    const resolved = typeof state === 'function' ? state() : state;
    weights = player.prepare(resolved);
    known = resolved;
  };

  const collect = (batch: Batch): Metrics =>
    inStepScope(clock, () => {
      const { metrics, gradients } = player.gradients(batch);
      player.accumulate(gradients, 1 / accumulate);
      return metrics;
    });
  const update = (batch: Batch): Metrics =>
    inStepScope(clock, () => {
      const { metrics, gradients } = player.gradients(batch);
      if (accumulate === 1) return { ...metrics, ...player.apply(gradients) };
      player.accumulate(gradients, 1 / accumulate);
      return { ...metrics, ...player.apply(player.takeAccumulated()) };
    });
  const bodies = { collect: compileStep(collect, { compile }), update: compileStep(update, { compile }) };

  return {
    run(batch) {
      prepare();
      player.checkFlags();
      const updates = (clock.step + 1) % accumulate === 0;
      const metrics = updates ? bodies.update(batch) : bodies.collect(batch);
      clock.step++;
      if (updates) player.updates++;
      return metrics;
    },
    namedState() {
      prepare();
      return { ...prefixed('model', { ...known, ...unlisted(weights, known!) }), ...player.ownState(accumulate > 1) };
    },
    hostState: () => ({ runs: clock.step, updates: player.updates }),
    restoreHostState({ runs = 0, updates = 0 }) {
      prepare();
      clock.step = runs;
      player.updates = updates;
    },
    learningRates: (): Record<string, number> => {
      const rate = player.learningRate;
      return rate === undefined ? {} : { learningRate: rate };
    },
    averages() {
      prepare();
      return player.average?.averages ?? {};
    },
    async withAverages(body) {
      prepare();
      player.average?.swap();
      try {
        return await body();
      } finally {
        player.average?.swap();
      }
    },
    dispose() {
      for (const body of Object.values(bodies)) body.dispose();
      player.dispose();
    },
  };
}

/** The variables that have no name in `known` yet. */
export function unlisted(variables: NamedVariables, known: NamedVariables): NamedVariables {
  const listed = new Set(Object.values(known));
  return Object.fromEntries(Object.entries(variables).filter(([, variable]) => !listed.has(variable)));
}
