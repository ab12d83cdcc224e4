import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { hostInput } from '../compile/host-input.js';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import { nextInStep } from '../random/step-scope.js';
import { asSchedule, type Schedule } from '../schedules/schedule.js';
import type { NamedVariables } from '../variables.js';
import { groupOf, type ParameterGroup } from './parameter-groups.js';
import type { UpdateRule } from './update-rule.js';

/** A tensor and its name, as TensorFlow.js saves optimisers. */
interface NamedTensor {
  name: string;
  tensor: Tensor;
}

/** What every optimiser of this package takes beside its own settings. */
export interface CommonOptions {
  learningRate: number | Schedule;
  /** Learning-rate factors, decay and freezing for the variables whose names match; the first match counts. */
  groups?: readonly ParameterGroup[];
}

const groupNames: Record<keyof ParameterGroup, true> = {
  match: true,
  learningRateFactor: true,
  weightDecay: true,
  frozen: true,
};

interface Entry {
  name: string;
  slots: NamedVariables;
}

/**
 * A `tf.Optimizer` around one `UpdateRule`. Usable wherever TensorFlow.js takes an optimiser; inside `trainStep` it is
 * also resumable, knows the names of the variables, and reads its learning rate anew at each replay of a compiled step.
 *
 * @example
 * const weight = tf.variable(tf.scalar(1));
 * const optimizer = sgd({ learningRate: 0.1 }); // makes a RuleOptimizer
 * optimizer.minimize(() => tf.square(weight) as tf.Scalar); // weight is 0.8 now
 */
export class RuleOptimizer extends tf.Optimizer {
  static readonly className = 'RuleOptimizer';
  readonly rule: UpdateRule;
  readonly groups: readonly ParameterGroup[];
  /** The learning rate at each update; may be replaced between steps. */
  learningRate: number | Schedule;
  /** How many updates were made. */
  updates = 0;
  readonly #entries = new Map<Variable, Entry>();

  /** TensorFlow.js takes anything that can minimise for an optimiser, and its subclasses inherit that. */
  static override [Symbol.hasInstance](instance: unknown): boolean {
    return typeof instance === 'object' && instance !== null && 'rule' in instance && 'namedState' in instance;
  }

  constructor(rule: UpdateRule, { learningRate, groups = [] }: CommonOptions) {
    super();
    const usable = typeof learningRate === 'number' && learningRate >= 0 && Number.isFinite(learningRate);
    if (!usable && typeof learningRate !== 'function') {
      throw new CrossmodalError(
        `${rule.name}: learningRate must be a number >= 0 or a schedule, got ${String(learningRate)}`,
      );
    }
    for (const group of groups) assertKnownOptions(`${rule.name}: groups`, group, groupNames);
    this.rule = rule;
    this.learningRate = learningRate;
    this.groups = groups;
  }

  override getClassName(): string {
    return this.rule.name;
  }

  /** The learning rate of the next update. */
  currentRate(): number {
    return asSchedule(this.learningRate)(this.updates);
  }

  /** Creates the slots of these variables and learns their names; `trainStep` calls it before the first step. */
  prepare(variables: NamedVariables): void {
    for (const [name, variable] of Object.entries(variables)) this.#entry(variable, name);
  }

  /** False for variables of a frozen group. */
  trains(name: string, variable: Variable): boolean {
    return !groupOf(this.groups, [name, variable.name])?.frozen;
  }

  /** The slots of all prepared variables, named `variable/slot`; what a checkpoint stores of the optimiser. */
  namedState(): NamedVariables {
    const state: NamedVariables = {};
    for (const { name, slots } of this.#entries.values()) {
      for (const [slot, variable] of Object.entries(slots)) state[`${name}/${slot}`] = variable;
    }
    return state;
  }

  override applyGradients(gradients: tf.NamedTensorMap | { name: string; tensor: Tensor }[]): void {
    const pairs = Array.isArray(gradients)
      ? gradients.map(({ name, tensor }) => [name, tensor] as const)
      : Object.entries(gradients);
    tf.tidy(() => {
      const scalars = this.#scalars();
      for (const [name, gradient] of pairs) {
        const variable = tf.engine().registeredVariables[name];
        if (!variable) throw new CrossmodalError(`${this.rule.name}: there is no variable named ${name}`);
        if (gradient) this.#apply(variable, gradient, scalars);
      }
    });
    this.incrementIterations();
  }

  #apply(variable: Variable, gradient: Tensor, scalars: Record<string, Scalar>): void {
    const { name, slots } = this.#entry(variable);
    const group = groupOf(this.groups, [name, variable.name]);
    if (group?.frozen) return;
    tf.tidy(() => {
      const next = this.rule.update({
        value: variable,
        gradient,
        slots,
        scalars,
        rateFactor: group?.learningRateFactor ?? 1,
        decay: group?.weightDecay ?? this.rule.decay,
      });
      for (const [slot, tensor] of Object.entries(next.slots)) slots[slot]?.assign(tensor);
      variable.assign(next.value);
    });
  }

  /** Host numbers as scalars: those of this update, whenever the running function is executed or replayed. */
  #scalars(): Record<string, Scalar> {
    const place = nextInStep(this);
    const scalars: Record<string, Scalar> = {};
    Object.keys(this.rule.scalars(1, 0)).forEach((name, i) => {
      scalars[name] = hostInput([], 'float32', (out) => {
        // A training step advances `updates` itself, after it ran. Elsewhere each execution counts, with its first scalar.
        if (!place && i === 0) this.updates++;
        const t = place ? this.updates + place.index + 1 : this.updates;
        out[0] = this.rule.scalars(t, asSchedule(this.learningRate)(t - 1))[name] as number;
      }) as Scalar;
    });
    return scalars;
  }

  #entry(variable: Variable, name?: string): Entry {
    let entry = this.#entries.get(variable);
    if (!entry) {
      const label = name ?? variable.name;
      const slots: NamedVariables = {};
      for (const [slot, { shape, initial = 0 }] of Object.entries(this.rule.slots(variable.shape))) {
        slots[slot] = tf.tidy(() => tf.variable(tf.fill(shape, initial), false));
      }
      entry = { name: label, slots };
      this.#entries.set(variable, entry);
    } else if (name) {
      entry.name = name;
    }
    return entry;
  }

  override async getWeights(): Promise<NamedTensor[]> {
    const slots = Object.entries(this.namedState()).map(([name, tensor]) => ({ name, tensor: tensor as Tensor }));
    return [{ name: 'iter', tensor: tf.scalar(this.updates, 'int32') }, ...slots];
  }

  override async setWeights(weights: NamedTensor[]): Promise<void> {
    const state = this.namedState();
    for (const { name, tensor } of weights) {
      if (name === 'iter') this.updates = (await tensor.data())[0] as number;
      else if (state[name]) state[name].assign(tensor);
      else throw new CrossmodalError(`${this.rule.name}.setWeights: there is no slot named ${name}`);
    }
  }

  getConfig(): tf.serialization.ConfigDict {
    const learningRate = typeof this.learningRate === 'number' ? this.learningRate : this.currentRate();
    return { learningRate, ...(this.rule.config as tf.serialization.ConfigDict) };
  }

  override dispose(): void {
    for (const { slots } of this.#entries.values()) tf.dispose(slots);
    this.#entries.clear();
    super.dispose();
  }
}
