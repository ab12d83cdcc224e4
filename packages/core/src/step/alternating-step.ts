import { CrossmodalError } from '../errors.js';
import { inStepScope } from '../random/step-scope.js';
import { type NamedVariables, prefixed } from '../variables.js';
import { type CompiledStep, compileStep } from './compile-step.js';
import { Player, type PlayerOptions } from './player.js';
import type { HostState, Metrics, Step } from './step.js';
import { unlisted } from './train-step.js';

export interface AlternatingPlayer<Batch> extends PlayerOptions<Batch> {
  /** Prefix of the player's metrics: `discriminator/loss`. */
  name: string;
  /** Updates per round, on the same batch, with fresh random numbers. */
  repeat?: number;
  /**
   * Rounds per update: gradients are averaged over this many batches, taken with the others as they are then; the update
   * comes with the last of them.
   */
  accumulate?: number;
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
 * @throws CrossmodalError without players, for a name used twice, for a repeat or accumulate below 1 or both above
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
  const seats = players.map(({ name, repeat = 1, accumulate = 1, ...options }) => {
    for (const [option, value] of Object.entries({ repeat, accumulate })) {
      if (!Number.isSafeInteger(value) || value < 1) {
        throw new CrossmodalError(`alternatingStep: ${option} of '${name}' must be an integer >= 1, got ${value}`);
      }
    }
    if (repeat > 1 && accumulate > 1) {
      throw new CrossmodalError(
        `alternatingStep: '${name}' has both repeat (${repeat}) and accumulate (${accumulate}); it may have one of them`,
        { remedy: 'several updates on a batch, or several batches for an update' },
      );
    }
    return { name, repeat, accumulate, player: new Player(name, options) };
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
  /** One round in which the players of the given names update; the others collect. */
  const round = (batch: Batch, updating: ReadonlySet<string>): Metrics =>
    inStepScope(clock, () => {
      const report: Metrics = {};
      for (const { name, repeat, accumulate, player } of seats) {
        for (let i = 0; i < repeat; i++) {
          const { metrics, gradients } = player.gradients(batch);
          if (accumulate > 1) player.accumulate(gradients, 1 / accumulate);
          const applied = updating.has(name)
            ? player.apply(accumulate > 1 ? player.takeAccumulated() : gradients)
            : undefined;
          for (const [term, value] of Object.entries({ ...metrics, ...applied })) report[`${name}/${term}`] = value;
        }
      }
      return report;
    });

  /** A body for each set of players that update together. */
  const bodies = new Map<string, CompiledStep<Batch>>();
  const bodyOf = (updating: ReadonlySet<string>): CompiledStep<Batch> => {
    const key = JSON.stringify([...updating]);
    const found = bodies.get(key) ?? compileStep((batch: Batch) => round(batch, updating), { compile });
    bodies.set(key, found);
    return found;
  };

  return {
    run(batch) {
      prepare();
      for (const { player } of seats) player.checkFlags();
      const updating = seats.filter(({ accumulate }) => (clock.step + 1) % accumulate === 0);
      const metrics = bodyOf(new Set(updating.map(({ name }) => name)))(batch);
      clock.step++;
      for (const { repeat, player } of updating) player.updates += repeat;
      return metrics;
    },
    namedState() {
      const all = prefixed('model', prepare());
      for (const { name, accumulate, player } of seats) {
        Object.assign(all, prefixed(name, player.ownState(accumulate > 1)));
      }
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
      for (const body of bodies.values()) body.dispose();
      for (const { player } of seats) player.dispose();
    },
  };
}
