import type { GradConfig, NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Runs `f` so that gradients taken inside can be differentiated again. TensorFlow.js falls short of that in two ways:
 *
 * - Comparisons have no gradient, so a second derivative through leaky ReLU throws. They get gradient zero, for good.
 * - A gradient that reuses an operation's output (tanh, sigmoid, exp, softmax, ELU) is silently cut off from the inputs in a second
 *   derivative. While `f` runs, those gradients start from the inputs instead.
 */
export function withSecondDerivatives<T>(f: () => T): T {
  for (const kernelName of comparisons) if (!tf.getGradient(kernelName)) tf.registerGradient(zeroGradient(kernelName));
  const originals = fromInputs.map(({ kernelName }) => exchange(kernelName, undefined));
  try {
    for (const config of fromInputs) tf.registerGradient(config);
    return f();
  } finally {
    for (const [i, { kernelName }] of fromInputs.entries()) exchange(kernelName, originals[i]);
  }
}

/** Puts another gradient, or none, in the place of the registered one, and returns that. */
function exchange(kernelName: string, next: GradConfig | undefined): GradConfig | undefined {
  const old = tf.getGradient(kernelName);
  if (old) tf.unregisterGradient(kernelName);
  if (next) tf.registerGradient(next);
  return old;
}

const comparisons = ['Greater', 'GreaterEqual', 'Less', 'LessEqual', 'Equal', 'NotEqual'];

function zeroGradient(kernelName: string): GradConfig {
  const zeros = (x: Tensor | undefined) => () => tf.zeros((x as Tensor).shape);
  return {
    kernelName,
    inputsToSave: ['a', 'b'],
    gradFunc: (_dy, saved) => ({ a: zeros(saved[0]), b: zeros(saved[1]) }),
  };
}

/** dx = f(dy, x). */
function gradientFromInput(
  kernelName: string,
  input: string,
  gradient: (dy: Tensor, x: Tensor, attributes: NamedAttrMap) => Tensor,
): GradConfig {
  return {
    kernelName,
    inputsToSave: [input],
    gradFunc: (dy, saved, attributes) => ({ [input]: () => gradient(dy as Tensor, saved[0] as Tensor, attributes) }),
  };
}

const fromInputs: GradConfig[] = [
  gradientFromInput('Tanh', 'x', (dy, x) => tf.mul(dy, tf.sub(1, tf.square(tf.tanh(x))))),
  gradientFromInput('Sigmoid', 'x', (dy, x) => tf.mul(dy, tf.mul(tf.sigmoid(x), tf.sigmoid(tf.neg(x))))),
  gradientFromInput('Exp', 'x', (dy, x) => tf.mul(dy, tf.exp(x))),
  gradientFromInput('Elu', 'x', (dy, x) => {
    const isPositive = tf.step(x);
    return tf.mul(dy, tf.add(isPositive, tf.mul(tf.sub(1, isPositive), tf.exp(tf.minimum(x, 0)))));
  }),
  gradientFromInput('Softmax', 'logits', (dy, x, attributes) => {
    const dim = (attributes as { dim?: number }).dim ?? -1;
    const y = tf.softmax(x, dim);
    return tf.mul(y, tf.sub(dy, tf.sum(tf.mul(dy, y), dim, true)));
  }),
  gradientFromInput('LogSoftmax', 'logits', (dy, x, attributes) => {
    const axis = (attributes as { axis?: number }).axis ?? -1;
    return tf.sub(dy, tf.mul(tf.sum(dy, axis, true), tf.softmax(x, axis)));
  }),
];
