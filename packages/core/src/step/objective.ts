import type { Optimizer, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { requireInteger } from '../checks.js';
import { CrossmodalError } from '../errors.js';
import { matches } from '../optimisers/parameter-groups.js';
import { RuleOptimizer } from '../optimisers/rule-optimizer.js';
import type { Trainable } from '../trainable.js';
import { type NamedVariables, prefixed } from '../variables.js';
import { type LossResult, lossGradients } from './loss-gradients.js';
import type { HostState, Metrics } from './step.js';
import type { GradientTransform, NamedGradients } from './transforms/transform.js';
import { TransformChain } from './transforms/transform-chain.js';
import { exchange } from './transforms/weight-average.js';

/** How one loss is minimised. */
export interface ObjectiveOptions {
  /** One of `@crossmodal/core/optimisers`, or any `tf.Optimizer` where no checkpoints are needed. */
  optimizer: Optimizer;
  /** What is done with the gradients, in this order, before the optimiser; and with the weights after it. */
  transforms?: readonly GradientTransform[];
}

/** What an objective of an alternating step has besides. */
interface ObjectivePlace {
  /** Before the names of its metrics and of its state. */
  prefix?: string;
  /** Updates per step. */
  repeat?: number;
  /** Steps of which one has the loss's regulariser. */
  regulariseEvery?: number | undefined;
}

/** Variables with names (best for checkpoints and parameter groups) or without, now or when first needed. */
export type VariableSource = NamedVariables | readonly Variable[] | (() => NamedVariables | readonly Variable[]);

/** A loss as a plain function, and the variables that it is made of: those that are trainable are trained. */
export interface LossFunction<Batch> {
  /** A scalar, or `{ loss, ...terms }` where the terms are only reported. Runs inside `compile`. */
  loss(batch: Batch, options: { training: boolean }): LossResult;
  variables: VariableSource;
}

interface Weight {
  name: string;
  variable: Variable;
  /** As it was when the step was made: a compiled step cannot follow a change. */
  trainable: boolean;
}

/** One loss, the variables that minimise it, and the way from its gradients to them. */
export class Objective<Batch> {
  /** Prefix of its metrics and of its state; empty for the only objective of a step. */
  readonly prefix: string;
  /** Updates per step, on the same batch. */
  readonly repeat: number;
  readonly #regulariseEvery: number | undefined;
  /** The function that the user called, and which objective, for messages. */
  readonly #caller: string;
  readonly #model: Trainable<Batch> | LossFunction<Batch>;
  readonly #options: ObjectiveOptions;
  #weights: Weight[] | undefined;
  #trained: Weight[] = [];
  #chain: TransformChain | undefined;
  #updates = 0;

  constructor(
    caller: string,
    model: Trainable<Batch> | LossFunction<Batch>,
    options: ObjectiveOptions,
    { prefix = '', repeat = 1, regulariseEvery }: ObjectivePlace = {},
  ) {
    const { optimizer, transforms = [] } = options;
    if (!isOptimizer(optimizer)) {
      throw new CrossmodalError(`${caller}: optimizer must be a tf.Optimizer, got ${typeof optimizer}`, {
        remedy: 'make one with adamW({ learningRate })',
      });
    }
    TransformChain.check(caller, transforms);
    requireInteger(`${caller}: repeat`, repeat);
    if (regulariseEvery !== undefined) requireInteger(`${caller}: regulariseEvery`, regulariseEvery);
    this.#caller = caller;
    this.#model = model;
    this.#options = options;
    this.prefix = prefix;
    this.repeat = repeat;
    this.#regulariseEvery = regulariseEvery;
  }

  get optimizer(): Optimizer {
    return this.#options.optimizer;
  }

  get #rules(): RuleOptimizer | undefined {
    return this.optimizer instanceof RuleOptimizer ? this.optimizer : undefined;
  }

  /** Resolves the variables and makes everything that belongs to them. `named` are those of the whole model. */
  prepare(named: NamedVariables): NamedVariables {
    this.#weights ??= this.#start(named);
    return Object.fromEntries(this.#weights.map(({ name, variable }) => [name, variable]));
  }

  #start(named: NamedVariables): Weight[] {
    const weights = this.#resolve(named);
    this.#trained = weights.filter(
      ({ name, variable }) => variable.trainable && (this.#rules?.trains(name, variable) ?? true),
    );
    this.#checkGroups(weights);
    if (this.#trained.length === 0) {
      throw new CrossmodalError(`${this.#caller}: none of the ${weights.length} variables is trainable`, {
        remedy: 'pass the variables of the model, and leave at least one parameter group unfrozen',
      });
    }
    const trained = Object.fromEntries(this.#trained.map(({ name, variable }) => [name, variable]));
    this.#rules?.prepare(trained);
    this.#chain = new TransformChain(this.#options.transforms ?? [], trained);
    if (this.repeat > 1 && this.#chain.stepsPerUpdate > 1) {
      throw new CrossmodalError(`${this.#caller}: repeat (${this.repeat}) and accumulate cannot both be set`, {
        remedy: 'take several updates on a batch, or several batches for an update',
      });
    }
    return weights;
  }

  /** Each variable once, under the name that the model gives it. */
  #resolve(named: NamedVariables): Weight[] {
    const names = new Map(Object.entries(named).map(([name, variable]) => [variable, name]));
    const source = sourceOf(this.#model);
    const variables = typeof source === 'function' ? source() : source;
    const weights = new Map<Variable, Weight>();
    for (const [key, variable] of Object.entries(variables as NamedVariables)) {
      if (!(variable instanceof tf.Variable)) {
        throw new CrossmodalError(`${this.#caller}: variables must be tf.Variable objects, '${key}' is not`, {
          remedy: 'use namedVariables(model) for models of tfjs-layers',
        });
      }
      const name = names.get(variable) ?? (Array.isArray(variables) ? `${this.prefix}variables/${key}` : key);
      if (!weights.has(variable)) weights.set(variable, { name, variable, trainable: variable.trainable });
    }
    return [...weights.values()];
  }

  #checkGroups(weights: readonly Weight[]): void {
    for (const group of this.#rules?.groups ?? []) {
      if (weights.some(({ name, variable }) => matches(group, [name, variable.name]))) continue;
      const some = weights.slice(0, 3).map(({ name, variable }) => `${name} (${variable.name})`);
      throw new CrossmodalError(
        `${this.#caller}: the parameter group ${String(group.match)} matches none of the ${weights.length} variables: ${some.join(', ')}, ...`,
      );
    }
  }

  /**
   * Refuses to go on when weights were frozen or unfrozen since the first step.
   * @throws CrossmodalError with the name of the first
   */
  checkFlags(): void {
    const changed = this.#weights?.find(({ variable, trainable }) => variable.trainable !== trainable);
    if (!changed) return;
    const { name, trainable } = changed;
    throw new CrossmodalError(
      `${this.#caller}: '${name}' was ${trainable ? 'frozen' : 'unfrozen'} after the first step`,
      {
        remedy: 'set `trainable` before the first step, and make a new step (with the same optimizer) for each stage',
      },
    );
  }

  /** The trained variables, by name. */
  get trained(): NamedVariables {
    return Object.fromEntries(this.#trained.map(({ name, variable }) => [name, variable]));
  }

  /**
   * What the loss's regulariser is multiplied by in step number `runs` (from 0): 0 leaves it out, and once in a while it
   * counts for all steps. Undefined: the loss is told nothing.
   */
  regularisation(runs: number): number | undefined {
    const every = this.#regulariseEvery;
    return every && (runs % every === 0 ? every : 0);
  }

  /** The loss, its terms and the gradients; inside a tidy. */
  gradients(batch: Batch, regularisation?: number): { metrics: Metrics; gradients: NamedGradients } {
    const options = { training: true, ...(regularisation === undefined ? {} : { regularisation }) };
    const loss = () => this.#model.loss(batch, options);
    const variables = this.#trained.map(({ variable }) => variable);
    const { metrics, gradients } = lossGradients(this.#caller, loss, variables);
    return { metrics, gradients: this.named(gradients) };
  }

  /** Gradients in the order of `trained`, with names. */
  named(gradients: readonly (tf.Tensor | undefined)[]): NamedGradients {
    return Object.fromEntries(
      this.#trained.flatMap(({ name }, i) => (gradients[i] ? [[name, gradients[i]] as const] : [])),
    );
  }

  /** Transforms the gradients and, when they get that far (`reach`), moves the weights; inside a tidy. */
  update(gradients: NamedGradients, reach: number): Metrics {
    const chain = this.#chain!;
    const { gradients: result, metrics } = chain.update(gradients, reach);
    if (!result) return metrics;
    const moved = this.#trained.filter(({ name }) => result[name]);
    this.optimizer.applyGradients(moved.map(({ name, variable }) => ({ name: variable.name, tensor: result[name]! })));
    chain.afterUpdate();
    return metrics;
  }

  /** How far the gradients of step number `runs` get: see `TransformChain`. */
  reach(runs: number): number {
    return this.#chain!.reach(runs);
  }

  /** True when gradients that get that far move the weights. */
  updatesAt(reach: number): boolean {
    return reach === (this.#options.transforms ?? []).length;
  }

  /** Slots of the optimiser and state of the transforms. The weights themselves are the step's business. */
  namedState(): NamedVariables {
    const rules = this.#rules;
    if (!rules) {
      throw new CrossmodalError(
        `${this.#caller}: the state of a ${this.optimizer.getClassName()} of TensorFlow.js cannot be saved`,
        { remedy: 'use an optimiser of this package: adam({ learningRate }) in place of tf.train.adam' },
      );
    }
    const state = { ...prefixed('optimizer', rules.namedState()), ...this.#chain!.namedState() };
    return Object.fromEntries(Object.entries(state).map(([name, variable]) => [this.prefix + name, variable]));
  }

  hostState(): HostState {
    return { [`${this.prefix}updates`]: this.updates };
  }

  /** Updates made so far; the schedule's clock. An optimiser of TensorFlow.js does not count the replays of a compiled step. */
  get updates(): number {
    return this.#rules?.updates ?? this.#updates;
  }

  set updates(count: number) {
    this.#updates = count;
    if (this.#rules) this.#rules.updates = count;
  }

  /**
   * Tells the transforms how many updates this step has made. The optimiser may have made more, in a step before.
   * @param runs steps made
   */
  setRuns(runs: number): void {
    this.#chain!.setUpdates(this.repeat * Math.floor(runs / this.#chain!.stepsPerUpdate));
  }

  learningRates(): Record<string, number> {
    return this.#rules ? { [`${this.prefix}learningRate`]: this.#rules.currentRate() } : {};
  }

  /** Averaged weights, by the names of the weights; none unless a transform keeps some. */
  get averages(): NamedVariables {
    return this.#chain?.averages ?? {};
  }

  exchangeAverages(): void {
    exchange(this.trained, this.averages);
  }

  /** Gives the weights the values of their averages. */
  applyAverages(): void {
    const trained = this.trained;
    tf.tidy(() => {
      // A sum and not a clone: the two must not share their memory when a compiling backend looks at them.
      for (const [name, average] of Object.entries(this.averages)) trained[name]!.assign(tf.add(average, 0));
    });
  }

  /** Frees what the transforms made; not the weights, nor the optimiser's slots, which its owner disposes. */
  dispose(): void {
    this.#chain?.dispose();
  }
}

function sourceOf<Batch>(model: Trainable<Batch> | LossFunction<Batch>): VariableSource {
  return 'variables' in model ? model.variables : () => model.namedVariables();
}

/** `instanceof tf.Optimizer` itself fails for undefined. */
function isOptimizer(value: unknown): value is Optimizer {
  return typeof value === 'object' && value !== null && value instanceof tf.Optimizer;
}
