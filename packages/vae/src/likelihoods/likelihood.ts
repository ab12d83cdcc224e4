import { CrossmodalError, type Described, type Random } from '@crossmodal/core';
import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';

/** What the outputs of a decoder mean: the family of p(x | z). */
export interface Likelihood extends Described {
  readonly name: string;
  /** Decoder outputs per value: the last axis of the parameters is this times that of the values. */
  readonly parametersPerValue: number;
  /** log p(values | parameters), summed over the values of each item: [batch], in nats. */
  logLikelihood(parameters: Tensor, values: Tensor): Tensor1D;
  /** The expected values. */
  mean(parameters: Tensor): Tensor;
  /** Values drawn from the distribution. */
  sample(parameters: Tensor, options: { random: Random }): Tensor;
}

/** Throws unless the values have the shape that the parameters describe. */
export function checkValues(likelihood: string, parameters: Tensor, values: Tensor, perValue: number): void {
  const expected = parameters.shape.map((size, axis) => (axis === parameters.rank - 1 ? size / perValue : size));
  if (values.rank !== expected.length || values.shape.some((size, axis) => size !== expected[axis])) {
    throw new CrossmodalError(
      `${likelihood}: the decoder gives parameters [${parameters.shape}], so values must be [${expected}], got [${values.shape}]`,
    );
  }
}
