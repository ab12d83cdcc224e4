import { CrossmodalError } from '../errors.js';
import { type NamedVariables, prefixed } from '../variables.js';
import type { Objective } from './objective.js';
import type { HostState, Metrics, Step } from './step.js';

/** A step that trains a model: what `trainStep`, `alternatingStep` and `cachedGradientStep` make. */
export interface TrainStep<Batch> extends Step<Batch> {
  hostState(): HostState;
  restoreHostState(state: HostState): void;
  learningRates(): Record<string, number>;
  /** The averaged weights (transform `average`), by the names of the weights; empty without. */
  averages(): NamedVariables;
  /** Runs `body` (evaluation, samples, export) with the averaged weights in place of the trained ones. */
  withAverages<T>(body: () => Promise<T> | T): Promise<T>;
  /** Gives the weights the values of their averages, at the end of training. */
  applyAverages(): void;
}

/** The number of the running step, from 0. */
export interface StepClock {
  step: number;
}

/** What happens in one step, and how far the gradients of each objective get in it. */
export interface StepBody<Batch> {
  run(batch: Batch, reaches: readonly number[]): Metrics;
  dispose(): void;
}

/**
 * The one engine of all steps: it resolves names, counts, and knows what a checkpoint must hold; `makeBody` says what
 * happens in a step.
 */
export function stepEngine<Batch>({
  variables,
  objectives,
  makeBody,
}: {
  /** All variables of the model; asked for at the first use. */
  variables: () => NamedVariables;
  objectives: readonly Objective<Batch>[];
  makeBody: (clock: StepClock) => StepBody<Batch>;
}): TrainStep<Batch> {
  const clock = { step: 0 };
  const body = makeBody(clock);
  let prepared: NamedVariables | undefined;
  const prepare = (): NamedVariables => {
    if (prepared) return prepared;
    const all = { ...variables() };
    for (const objective of objectives) {
      const listed = new Set(Object.values(all));
      for (const [name, variable] of Object.entries(objective.prepare(all))) {
        if (!listed.has(variable)) all[name] = variable;
      }
    }
    prepared = all;
    return all;
  };

  return {
    run(batch) {
      prepare();
      for (const objective of objectives) objective.checkFlags();
      const reaches = objectives.map((objective) => objective.reach(clock.step));
      const metrics = body.run(batch, reaches);
      clock.step++;
      objectives.forEach((objective, i) => {
        if (objective.updatesAt(reaches[i]!)) objective.updates += objective.repeat;
        objective.setRuns(clock.step);
      });
      return metrics;
    },
    namedState() {
      const all = prefixed('model', prepare());
      for (const objective of objectives) Object.assign(all, objective.namedState());
      return all;
    },
    hostState: () => Object.assign({ runs: clock.step }, ...objectives.map((objective) => objective.hostState())),
    restoreHostState(state) {
      prepare();
      clock.step = state['runs'] ?? 0;
      for (const objective of objectives) {
        objective.updates = state[`${objective.prefix}updates`] ?? 0;
        objective.setRuns(clock.step);
      }
    },
    learningRates: () => Object.assign({}, ...objectives.map((objective) => objective.learningRates())),
    averages() {
      prepare();
      return Object.assign({}, ...objectives.map((objective) => objective.averages));
    },
    async withAverages(evaluate) {
      prepare();
      for (const objective of objectives) objective.exchangeAverages();
      try {
        return await evaluate();
      } finally {
        for (const objective of objectives) objective.exchangeAverages();
      }
    },
    applyAverages() {
      prepare();
      for (const objective of objectives) objective.applyAverages();
    },
    dispose() {
      body.dispose();
      for (const objective of objectives) objective.dispose();
    },
  };
}

/** @throws CrossmodalError for what is no model and no loss function */
export function checkModel(caller: string, model: unknown): void {
  const candidate = model as { loss?: unknown; namedVariables?: unknown; variables?: unknown } | null | undefined;
  const complete =
    typeof candidate === 'object' &&
    candidate !== null &&
    typeof candidate.loss === 'function' &&
    (typeof candidate.namedVariables === 'function' || typeof candidate.variables !== 'undefined');
  if (complete) return;
  const names = typeof candidate === 'object' && candidate !== null ? Object.keys(candidate).join(', ') : typeof model;
  throw new CrossmodalError(
    `${caller}: the model must have loss and namedVariables, or be { loss, variables }, got ${names || 'nothing'}`,
  );
}
