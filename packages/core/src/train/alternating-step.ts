import { CrossmodalError } from '../errors.js';
import { inStepScope } from '../random/step-scope.js';
import { type NamedVariables, prefixed } from '../variables.js';
import { compileStep } from './compile-step.js';
import { Player, type PlayerOptions } from './player.js';
import type { HostState, Metrics, Step } from './step.js';
import { unlisted } from './train-step.js';

export interface AlternatingPlayer<Batch> extends PlayerOptions<Batch> {
  /** Prefix of the player's metrics: `discriminator/loss`. */
  name: string;
  /** Updates per round, on the same batch, with fresh random numbers. */
  repeat?: number;
}

export interface AlternatingStepOptions {
  /** As in `trainStep`: other variables that belong to the run, and names for all. */
  state?: NamedVariables | (() => NamedVariables);
  compile?: boolean;
}

/** A step of several players in turn. */
export interface AlternatingStep<Batch> extends Step<Batch> {
  hostState(): HostState;
  restoreHostState(state: HostState): void;
  /** The averaged weights of one player (its option `ema`). */
  averages(player: string): NamedVariables;
  /** Runs `body` with the averaged weights of all players that keep them. */
  withAverages<T>(body: () => Promise<T> | T): Promise<T>;
}

/**
 * Several players in turn on each batch, each with a loss, variables and an optimiser of its own: generator and
 * discriminator, encoder and adversary, terms of a cost optimised one after the other. Each sees what those before it have
 * just changed. One compiled function runs the whole round.
 *
 * @returns a step whose metrics are called `${player}/${term}` (of the last of a player's repeats)
 * @throws CrossmodalError without players, for a name used twice, for a repeat below 1
 * @see Goodfellow et al.: Generative adversarial nets (2014), algorithm 1
 * @example
 * const step = alternatingStep([
 *   { name: 'discriminator', loss: realOrFake, variables: critic, optimizer: adam({ learningRate: 2e-4, beta1: 0.5 }) },
 *   { name: 'generator', loss: fooled, variables: painter, optimizer: adam({ learningRate: 2e-4, beta1: 0.5 }) },
 * ]);
 */
export function alternatingStep<Batch>(
  players: readonly AlternatingPlayer<Batch>[],
  { state = {}, compile = true }: AlternatingStepOptions = {},
): AlternatingStep<Batch> {
  const names = players.map(({ name }) => name);
  if (players.length === 0 || new Set(names).size !== names.length) {
    throw new CrossmodalError(`alternatingStep: needs players with different names, got [${names.join(', ')}]`);
  }
  const optimizers = new Set(players.map(({ optimizer }) => optimizer));
  if (optimizers.size !== players.length) {
    throw new CrossmodalError('alternatingStep: each player needs an optimizer of its own, two of them share one');
  }
  const seats = players.map(({ name, repeat = 1, ...options }) => {
    if (!Number.isSafeInteger(repeat) || repeat < 1) {
      throw new CrossmodalError(`alternatingStep: repeat of '${name}' must be an integer >= 1, got ${repeat}`);
    }
    return { name, repeat, player: new Player(name, options) };
  });
  const clock = { step: 0 };
  let known: NamedVariables | undefined;

  const prepare = (): NamedVariables => {
    if (known) return known;
    const all = { ...(typeof state === 'function' ? state() : state) };
    for (const { player } of seats) Object.assign(all, unlisted(player.prepare(all), all));
    known = all;
    return all;
  };
  const round = (batch: Batch): Metrics =>
    inStepScope(clock, () => {
      const report: Metrics = {};
      for (const { name, repeat, player } of seats) {
        for (let i = 0; i < repeat; i++) {
          const { metrics, gradients } = player.gradients(batch);
          const all = { ...metrics, ...player.apply(gradients) };
          for (const [term, value] of Object.entries(all)) report[`${name}/${term}`] = value;
        }
      }
      return report;
    });

  const body = compileStep(round, { compile });

  return {
    run(batch) {
      prepare();
      for (const { player } of seats) player.checkFlags();
      const metrics = body(batch);
      clock.step++;
      for (const { repeat, player } of seats) player.updates += repeat;
      return metrics;
    },
    namedState() {
      const all = prefixed('model', prepare());
      for (const { name, player } of seats) Object.assign(all, prefixed(name, player.ownState(false)));
      return all;
    },
    hostState() {
      const counts: HostState = { runs: clock.step };
      for (const { name, player } of seats) counts[`${name}/updates`] = player.updates;
      return counts;
    },
    restoreHostState(counts) {
      prepare();
      clock.step = counts['runs'] ?? 0;
      for (const { name, player } of seats) player.updates = counts[`${name}/updates`] ?? 0;
    },
    learningRates() {
      const rates: Record<string, number> = {};
      for (const { name, player } of seats) {
        if (player.learningRate !== undefined) rates[`${name}/learningRate`] = player.learningRate;
      }
      return rates;
    },
    averages(name) {
      prepare();
      const seat = seats.find((candidate) => candidate.name === name);
      if (!seat) throw new CrossmodalError(`averages: there is no player '${name}'; players are ${names.join(', ')}`);
      return seat.player.average?.averages ?? {};
    },
    async withAverages(body) {
      prepare();
      for (const { player } of seats) player.average?.swap();
      try {
        return await body();
      } finally {
        for (const { player } of seats) player.average?.swap();
      }
    },
    dispose() {
      body.dispose();
      for (const { player } of seats) player.dispose();
    },
  };
}
