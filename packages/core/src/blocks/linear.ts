import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { assertKnownOptions } from '../known-options.js';
import { layerNormalize } from '../layers/weights.js';
import type { WeightSpec, WeightSpecs } from '../model-files/weight-plan.js';
import type { Parameters, Run } from './parameters.js';

/** Torch stores the weights of a linear map as [out, in], GPT-2's files as [in, out]. */
export type LinearLayout = 'outIn' | 'inOut';

export interface LinearOptions {
  /** @default 'outIn' */
  layout?: LinearLayout;
  /** For the dropout of adapters. */
  run?: Run;
}

/**
 * x W' + b over the last axis, with the variables `name.weight` and, if there is one, `name.bias`, and with what a low-rank
 * adaptation of that name adds.
 */
export function linear(
  parameters: Parameters,
  name: string,
  x: Tensor,
  { layout = 'outIn', run, ...others }: LinearOptions = {},
): Tensor {
  assertKnownOptions('linear', others, ['layout', 'run']);
  const weight = parameters.get(`${name}.weight`) as Tensor as Tensor2D;
  const [inputs, outputs] = layout === 'outIn' ? [weight.shape[1], weight.shape[0]] : weight.shape;
  const flat = tf.reshape(x, [-1, inputs]) as Tensor2D;
  let y: Tensor = tf.matMul(flat, weight, false, layout === 'outIn');
  const bias = parameters.find(`${name}.bias`);
  if (bias) y = tf.add(y, bias);
  const adapter = parameters.adapter(name);
  if (adapter) {
    const input = run ? run.drop(flat, adapter.dropout) : flat;
    const low = tf.matMul(input, adapter.a as Tensor as Tensor2D, false, true);
    y = tf.add(y, tf.matMul(tf.mul(low, adapter.scale), adapter.b as Tensor as Tensor2D, false, true));
  }
  return tf.reshape(y, [...x.shape.slice(0, -1), outputs]);
}

/** Layer normalisation over the last axis, with `name.weight` and, if there is one, `name.bias`. */
export function layerNormalization(parameters: Parameters, name: string, x: Tensor, epsilon: number): Tensor {
  const gamma = parameters.get(`${name}.weight`);
  const beta = parameters.find(`${name}.bias`);
  return layerNormalize(x, gamma, beta ?? tf.scalar(0), epsilon);
}

/**
 * Rows of the table `name.weight`.
 *
 * @param options.padding number whose row is not trained, as `padding_idx` of torch.nn.Embedding
 */
export function embedding(
  parameters: Parameters,
  name: string,
  ids: Tensor,
  { padding, ...others }: { padding?: number | undefined } = {},
): Tensor {
  assertKnownOptions('embedding', others, ['padding']);
  const whole = ids.dtype === 'int32' ? ids : tf.cast(ids, 'int32');
  const rows = tf.gather(parameters.get(`${name}.weight`), whole as tf.Tensor1D);
  if (padding === undefined) return rows;
  const trained = tf.cast(tf.notEqual(tf.expandDims(whole, -1), tf.scalar(padding, 'int32')), 'float32');
  return gradientTimes(rows, trained);
}

/** The identity, whose gradient is multiplied. */
function gradientTimes(x: Tensor, factor: Tensor): Tensor {
  const identity = tf.customGrad((y, save) => {
    (save as tf.GradSaveFunc)([factor]); // or it is gone when the gradient is taken
    return { value: tf.clone(y as Tensor), gradFunc: (dy: Tensor, saved: Tensor[]) => tf.mul(dy, saved[0]!) };
  });
  return identity(x);
}

/** What `linear` of that name needs. */
export function linearSpecs(
  name: string,
  inputs: number,
  outputs: number,
  {
    bias = true,
    layout = 'outIn',
    ...others
  }: {
    /** @default true */
    bias?: boolean;
    /** @default 'outIn' */
    layout?: LinearLayout;
  } = {},
): WeightSpecs {
  assertKnownOptions('linearSpecs', others, ['bias', 'layout']);
  const weight: WeightSpec = { shape: layout === 'outIn' ? [outputs, inputs] : [inputs, outputs] };
  return { [`${name}.weight`]: weight, ...(bias ? { [`${name}.bias`]: { shape: [outputs] } } : {}) };
}

/** What `layerNormalization` of that name needs; files of 2018 call them gamma and beta. */
export function normSpecs(
  name: string,
  width: number,
  {
    bias = true,
    ...others
  }: {
    /** @default true */
    bias?: boolean;
  } = {},
): WeightSpecs {
  assertKnownOptions('normSpecs', others, ['bias']);
  return {
    [`${name}.weight`]: { shape: [width], aliases: [`${name}.gamma`] },
    ...(bias ? { [`${name}.bias`]: { shape: [width], aliases: [`${name}.beta`] } } : {}),
  };
}

/** The same weights below a place. */
export function under(place: string, specs: WeightSpecs): WeightSpecs {
  if (place === '') return specs;
  const dotted = place.endsWith('.') ? place : `${place}.`;
  return Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => [
      dotted + name,
      spec.aliases ? { ...spec, aliases: spec.aliases.map((alias) => dotted + alias) } : spec,
    ]),
  );
}

/** The same weights below `place.0`, `place.1`, ... */
export function repeated(place: string, count: number, specs: (index: number) => WeightSpecs): WeightSpecs {
  const parts = Array.from({ length: count }, (_, i) => under(`${place}.${i}`, specs(i)));
  return Object.assign({}, ...parts) as WeightSpecs;
}
