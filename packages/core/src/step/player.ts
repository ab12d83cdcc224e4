import type { Optimizer, Tensor, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { CrossmodalError } from '../errors.js';
import { matches } from '../optimisers/parameter-groups.js';
import { RuleOptimizer } from '../optimisers/rule-optimizer.js';
import { disposeVariables, type NamedVariables, prefixed } from '../variables.js';
import { type AverageOptions, WeightAverage } from './average.js';
import { clipByNorm, clipByValue } from './clip.js';
import { type Gradients, type LossResult, lossGradients } from './gradients.js';
import type { Metrics } from './step.js';

/** The variables to train, with names (best for checkpoints and parameter groups) or without, now or when first needed. */
export type VariableSource = NamedVariables | readonly Variable[] | (() => NamedVariables | readonly Variable[]);

export interface PlayerOptions<Batch> {
  /** A scalar to minimise, or `{ loss, ...terms }` where the terms are only reported. Runs inside `compile`. */
  loss: (batch: Batch) => LossResult;
  variables: VariableSource;
  optimizer: Optimizer;
  /** Largest norm of all gradients together. */
  clipNorm?: number | undefined;
  /** Largest size of each component of the gradient. */
  clipValue?: number | undefined;
  /** Keeps an exponential moving average of the weights; a number is its decay. */
  ema?: number | AverageOptions | undefined;
}

/** One loss, the variables that minimise it, and the optimiser that moves them. */
export class Player<Batch> {
  readonly #options: PlayerOptions<Batch>;
  readonly #label: string;
  #weights: NamedVariables | undefined;
  #trained: [name: string, variable: Variable][] = [];
  /** Whether each weight was trainable when the step was made: a compiled step cannot follow a change. */
  #flags: [name: string, variable: Variable, trainable: boolean][] = [];
  /** Updates made with an optimiser of TensorFlow.js, which does not count replays. */
  #foreignUpdates = 0;
  #average: WeightAverage | undefined;
  #accumulators: NamedVariables | undefined;

  constructor(label: string, options: PlayerOptions<Batch>) {
    this.#label = label;
    this.#options = options;
    for (const name of ['clipNorm', 'clipValue'] as const) {
      const limit = options[name];
      if (limit !== undefined && !(limit > 0))
        throw new CrossmodalError(`trainStep: ${name} must be positive, got ${limit}`);
    }
    if (!(options.optimizer instanceof tf.Optimizer)) {
      throw new CrossmodalError(`${label}: optimizer must be a tf.Optimizer, got ${typeof options.optimizer}`, {
        remedy: 'make one with adamW({ learningRate })',
      });
    }
  }

  /** Resolves the variables and makes everything that belongs to them. `known` gives names to unnamed ones. */
  prepare(known: NamedVariables): NamedVariables {
    if (this.#weights) return this.#weights;
    const { variables: source, optimizer, ema } = this.#options;
    const given = typeof source === 'function' ? source() : source;
    const names = new Map(Object.entries(known).map(([name, variable]) => [variable, name]));
    const weights: NamedVariables = {};
    const entries: [string, Variable][] = Array.isArray(given)
      ? given.map((variable: Variable, i) => [names.get(variable) ?? `${this.#label}/${i}`, variable])
      : Object.entries(given as NamedVariables);
    for (const [name, variable] of entries) {
      if (!(variable instanceof tf.Variable)) {
        throw new CrossmodalError(`${this.#label}: variables must be tf.Variable objects, '${name}' is not`, {
          remedy: 'use trainableVariables(model) for models of tfjs-layers',
        });
      }
      weights[name] = variable;
    }
    const rules = optimizer instanceof RuleOptimizer ? optimizer : undefined;
    this.#flags = Object.entries(weights).map(([name, variable]) => [name, variable, variable.trainable]);
    this.#trained = Object.entries(weights).filter(([name, v]) => v.trainable && (rules?.trains(name, v) ?? true));
    for (const group of rules?.groups ?? []) {
      if (entries.some(([name, variable]) => matches(group, [name, variable.name]))) continue;
      const some = entries.slice(0, 3).map(([name, variable]) => `${name} (${variable.name})`);
      throw new CrossmodalError(
        `${this.#label}: the parameter group ${String(group.match)} matches none of the ${entries.length} variables: ${some.join(', ')}, ...`,
      );
    }
    if (this.#trained.length === 0) {
      throw new CrossmodalError(`${this.#label}: none of the ${entries.length} variables is trainable`, {
        remedy: 'pass the variables of the model, and leave at least one parameter group unfrozen',
      });
    }
    const trained = Object.fromEntries(this.#trained);
    rules?.prepare(trained);
    if (ema !== undefined) this.#average = new WeightAverage(trained, typeof ema === 'number' ? { decay: ema } : ema);
    this.#weights = weights;
    return weights;
  }

  /**
   * Refuses to go on when weights were frozen or unfrozen since the first step.
   * @throws CrossmodalError with the name of the first
   */
  checkFlags(): void {
    const changed = this.#flags.find(([, variable, trainable]) => variable.trainable !== trainable);
    if (!changed) return;
    const [name, , before] = changed;
    throw new CrossmodalError(`${this.#label}: '${name}' was ${before ? 'frozen' : 'unfrozen'} after the first step`, {
      remedy: 'set `trainable` before the first step, and make a new step (with the same optimizer) for each stage',
    });
  }

  /** The loss, its terms and the gradients; inside a tidy. */
  gradients(batch: Batch): Gradients {
    const variables = this.#trained.map(([, variable]) => variable);
    return lossGradients(() => this.#options.loss(batch), variables);
  }

  /** Clips and applies; inside a tidy. Reports the norm when it clips by it. */
  apply(gradients: (Tensor | undefined)[]): Metrics {
    const { clipNorm, clipValue, optimizer } = this.#options;
    const present = this.#trained.flatMap(([, { name }], i) => (gradients[i] ? [{ name, tensor: gradients[i] }] : []));
    const metrics: Metrics = {};
    let tensors = present.map(({ tensor }) => tensor);
    if (clipValue !== undefined) tensors = clipByValue(tensors, clipValue);
    if (clipNorm !== undefined) {
      const { clipped, norm } = clipByNorm(tensors, clipNorm);
      tensors = clipped;
      metrics['gradientNorm'] = norm;
    }
    optimizer.applyGradients(present.map(({ name }, i) => ({ name, tensor: tensors[i]! })));
    this.#average?.update();
    return metrics;
  }

  /** Adds a micro-batch's share to the accumulated gradients; inside a tidy. */
  accumulate(gradients: (Tensor | undefined)[], share: number): void {
    const accumulators = this.#makeAccumulators();
    this.#trained.forEach(([name], i) => {
      const gradient = gradients[i];
      const sum = accumulators[name]!;
      if (gradient) sum.assign(tf.add(sum, tf.mul(gradient, share)));
    });
  }

  /** The accumulated gradients, which start again from zero; inside a tidy. */
  takeAccumulated(): Tensor[] {
    const accumulators = this.#makeAccumulators();
    return this.#trained.map(([name]) => {
      const sum = accumulators[name]!;
      const total = tf.clone(sum);
      sum.assign(tf.zerosLike(sum));
      return total;
    });
  }

  #makeAccumulators(): NamedVariables {
    this.#accumulators ??= Object.fromEntries(
      this.#trained.map(([name, v]) => [name, tf.tidy(() => tf.variable(tf.zerosLike(v), false))]),
    );
    return this.#accumulators;
  }

  /** Slots, averages and accumulators. The weights themselves are the step's business. */
  ownState(accumulates: boolean): NamedVariables {
    const { optimizer } = this.#options;
    if (!(optimizer instanceof RuleOptimizer)) {
      throw new CrossmodalError(
        `${this.#label}: the state of a ${optimizer.getClassName()} of TensorFlow.js cannot be saved`,
        {
          remedy: 'use an optimiser of this package: adam({ learningRate }) in place of tf.train.adam',
        },
      );
    }
    return {
      ...prefixed('optimizer', optimizer.namedState()),
      ...prefixed('average', this.#average?.averages ?? {}),
      ...prefixed('accumulator', accumulates ? this.#makeAccumulators() : {}),
    };
  }

  get average(): WeightAverage | undefined {
    return this.#average;
  }

  /** Updates made so far; the schedule's clock. */
  get updates(): number {
    const { optimizer } = this.#options;
    return optimizer instanceof RuleOptimizer ? optimizer.updates : this.#foreignUpdates;
  }

  set updates(count: number) {
    const { optimizer } = this.#options;
    if (optimizer instanceof RuleOptimizer) optimizer.updates = count;
    else this.#foreignUpdates = count;
    if (this.#average) this.#average.updates = count;
  }

  get learningRate(): number | undefined {
    const { optimizer } = this.#options;
    return optimizer instanceof RuleOptimizer ? optimizer.currentRate() : undefined;
  }

  /** Frees what the player made; not the weights, nor the optimiser's slots, which its owner disposes. */
  dispose(): void {
    this.#average?.dispose();
    if (this.#accumulators) disposeVariables(this.#accumulators);
  }
}
