import type { Tensor } from '@tensorflow/tfjs-core';
import type { NamedVariables } from '../../variables.js';
import type { Metrics } from '../step.js';

/** Gradients by the names of their variables; a variable that the loss does not depend on has none. */
export type NamedGradients = Readonly<Record<string, Tensor>>;

/**
 * Something done with the gradients on their way to the optimiser, or with the weights after it: clipping, accumulation,
 * averages, noise. A value: what it remembers is made by `init`, for each step anew.
 *
 * @example
 * const gradientNoise = (deviation: number, seed: number): GradientTransform => ({
 *   name: 'gradientNoise',
 *   init() {
 *     const random = new Random(seed);
 *     const noisy = (gradient: tf.Tensor) =>
 *       tf.add(gradient, randomNormal(gradient.shape, { random, standardDeviation: deviation }));
 *     return {
 *       update: (gradients) => ({
 *         gradients: Object.fromEntries(Object.entries(gradients).map(([name, gradient]) => [name, noisy(gradient)])),
 *       }),
 *     };
 *   },
 * });
 */
export interface GradientTransform {
  /** For checkpoints and messages. */
  readonly name: string;
  /** Called once, before the first step, with the variables that are trained. */
  init(weights: NamedVariables): TransformState;
}

/** One transform at work in one step. */
export interface TransformState {
  /** What a checkpoint holds of it, by name. */
  readonly variables?: NamedVariables;
  /** Calls per result: what comes next, and the optimiser, are called with every n-th result only. 1 by default. */
  readonly every?: number;
  /** Averaged weights, by the names of the weights, with which the step can evaluate. */
  readonly averages?: NamedVariables;
  /**
   * The gradients that go on. Runs in a tidy inside the compiled step: what must change from step to step comes from
   * `randomNormal`, `scheduledScalar`, `hostInput` and variables. `last` is true when this call's result goes on (`every`).
   */
  update?(gradients: NamedGradients, call: { last: boolean }): { gradients: NamedGradients; metrics?: Metrics };
  /** After the optimiser has moved the weights; as `update`, inside the compiled step. */
  afterUpdate?(): void;
  /** On the host, after each step and after a resume: how many updates the step has made. */
  setUpdates?(count: number): void;
  dispose?(): void;
}
