import { allocateWeights, type NamedVariables, type Random, type WeightSpecs } from '@crossmodal/core';
import { Parameters } from '@crossmodal/core/blocks';
import * as tf from '@tensorflow/tfjs-core';

/** Variables for the weights of a decoder; `deviation` says how they are drawn: a number for N(0, d^2), or one value for all. */
export function initialWeights(
  specs: WeightSpecs,
  {
    random,
    draw,
  }: { random: Random; draw: (name: string, shape: readonly number[]) => { deviation: number } | { value: number } },
): Parameters {
  const variables = Object.entries(specs).map(([name, { shape }]) => {
    const rule = draw(name, shape);
    const values = allocateWeights(shape);
    if ('value' in rule) {
      values.fill(rule.value);
    } else {
      random.fork(name).fillNormal(values);
      for (let i = 0; i < values.length; i++) values[i]! *= rule.deviation;
    }
    return [name, tf.tidy(() => tf.variable(tf.tensor(values, [...shape])))] as const;
  });
  return new Parameters(new Map(variables));
}

/** The variables of parameters with those of low-rank adaptations. */
export function decoderVariables(parameters: Parameters): NamedVariables {
  const named: NamedVariables = parameters.named();
  for (const [name, { a, b }] of parameters.adapters) {
    named[`${name}.lora_A.weight`] = a;
    named[`${name}.lora_B.weight`] = b;
  }
  return named;
}
