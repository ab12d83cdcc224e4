import type { Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

export type RecurrentCell = 'lstm' | 'gru';

export interface RecurrentWeights {
  /** [width, gates * units] */
  kernel: Tensor2D;
  /** [units, gates * units] */
  recurrentKernel: Tensor2D;
  bias: Tensor;
  /** GRU only: it stands inside the product with the reset gate. */
  recurrentBias: Tensor | undefined;
}

/** One step: the projected input [batch, gates * units] and the state to the next state; its first part is the hidden one. */
type Step = (projected: Tensor2D, state: Tensor2D[], weights: RecurrentWeights, units: number) => Tensor2D[];

/**
 * g = x W + h U + b in the order (o, i, f, c~): c' = sigmoid(f) c + sigmoid(i) tanh(c~), h' = sigmoid(o) tanh(c').
 * The gates stand together so that one sigmoid serves the three.
 */
export const lstmStep: Step = (projected, [hidden, cell], { recurrentKernel }, units) => {
  const sums = tf.add(projected, tf.matMul(hidden!, recurrentKernel)) as Tensor2D;
  const [rows] = sums.shape;
  const opened = tf.sigmoid(tf.slice(sums, [0, 0], [rows, 3 * units]));
  const candidate = tf.tanh(tf.slice(sums, [0, 3 * units], [rows, units]));
  const [output, input, forget] = tf.split(opened, 3, 1) as Tensor2D[];
  const next = tf.add(tf.mul(forget!, cell!), tf.mul(input!, candidate)) as Tensor2D;
  return [tf.mul(output!, tf.tanh(next)) as Tensor2D, next];
};

/** r, z = sigmoid(x W + h U + b), n = tanh(x Wn + bn + r (h Un + cn)), h' = n + z (h - n). */
export const gruStep: Step = (projected, [hidden], { recurrentKernel, recurrentBias }, units) => {
  const inner = tf.add(tf.matMul(hidden!, recurrentKernel), recurrentBias!) as Tensor2D;
  const [rows] = inner.shape;
  const both = (x: Tensor2D) => tf.slice(x, [0, 0], [rows, 2 * units]);
  const last = (x: Tensor2D) => tf.slice(x, [0, 2 * units], [rows, units]);
  const [reset, update] = tf.split(tf.sigmoid(tf.add(both(projected), both(inner))), 2, 1) as Tensor2D[];
  const candidate = tf.tanh(tf.add(last(projected), tf.mul(reset!, last(inner))));
  return [tf.add(candidate, tf.mul(update!, tf.sub(hidden!, candidate))) as Tensor2D];
};

/** Runs a cell over a sequence; the inputs of all places are projected in one product. Inside a tidy. */
export function recur(
  sequence: Tensor3D,
  mask: Tensor2D | undefined,
  weights: RecurrentWeights,
  { units, backward, step }: { units: number; backward: boolean; step: Step },
): Tensor3D {
  const [batch, length, width] = sequence.shape;
  const flat = tf.matMul(tf.reshape(sequence, [batch * length, width]) as Tensor2D, weights.kernel);
  const projected = tf.unstack(tf.reshape(tf.add(flat, weights.bias), [batch, length, -1]), 1) as Tensor2D[];
  const real = mask ? (tf.split(tf.cast(mask, 'float32'), length, 1) as Tensor2D[]) : undefined;
  let state: Tensor2D[] =
    step === lstmStep ? [tf.zeros([batch, units]), tf.zeros([batch, units])] : [tf.zeros([batch, units])];
  const hidden = new Array<Tensor2D>(length);
  for (let i = 0; i < length; i++) {
    const t = backward ? length - 1 - i : i;
    const next = step(projected[t]!, state, weights, units);
    const gate = real?.[t];
    state = gate ? next.map((value, k) => tf.add(state[k]!, tf.mul(gate, tf.sub(value, state[k]!))) as Tensor2D) : next;
    hidden[t] = state[0]!;
  }
  return tf.stack(hidden, 1) as Tensor3D;
}
