import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { CrossmodalError } from '../errors.js';
import type { Metrics } from './step.js';

/** A loss, alone or with the terms it is made of (reported, not differentiated). */
export type LossResult = Scalar | ({ loss: Scalar } & Record<string, Scalar>);

export interface Gradients {
  metrics: Metrics;
  /** In the order of the variables; undefined where the loss does not depend on the variable. */
  gradients: (Tensor | undefined)[];
}

/**
 * The value of a loss, its terms, and the gradient with respect to each variable. Call it inside a tidy.
 *
 * @throws CrossmodalError when the loss is not a scalar or does not depend on any of the variables.
 */
export function lossGradients(loss: () => LossResult, variables: readonly Variable[]): Gradients {
  const terms: Metrics = {};
  try {
    const forward = (): Scalar => {
      const result = loss();
      if (result instanceof tf.Tensor) return checkScalar('loss', result);
      for (const [name, term] of Object.entries(result)) {
        if (name !== 'loss') terms[name] = tf.keep(tf.clone(checkScalar(name, term)));
      }
      return checkScalar('loss', result.loss);
    };
    const { value, grads } = tf.variableGrads(() => freeingTapeOnError(forward), [...variables]);
    const metrics: Metrics = { loss: value };
    for (const [name, term] of Object.entries(terms)) metrics[name] = tf.clone(term);
    return { metrics, gradients: variables.map(({ name }) => grads[name] ?? undefined) };
  } catch (error) {
    throw explain(error);
  } finally {
    tf.dispose(terms);
  }
}

/** TensorFlow.js leaves what it saved for the way back when the way forward throws. */
function freeingTapeOnError<T>(forward: () => T): T {
  try {
    return forward();
  } catch (error) {
    const { activeTape, gradientDepth } = tf.engine().state;
    if (gradientDepth === 1) for (const { saved } of activeTape ?? []) tf.dispose(saved ?? []);
    throw error;
  }
}

function checkScalar(name: string, tensor: Scalar): Scalar {
  if (!(tensor instanceof tf.Tensor) || tensor.rank !== 0) {
    const given = tensor instanceof tf.Tensor ? `a tensor of shape [${(tensor as Tensor).shape}]` : typeof tensor;
    throw new CrossmodalError(`trainStep: the term '${name}' must be a scalar, got ${given}`, {
      remedy: 'reduce it with tf.mean or tf.sum',
    });
  }
  return tensor;
}

/** TensorFlow.js speaks of functions passed to minimize(), which nobody here called. */
function explain(error: unknown): unknown {
  const message = error instanceof Error ? error.message : '';
  if (message.includes('Cannot find a connection') || message.includes('Cannot compute gradient of y=f(x)')) {
    return new CrossmodalError('trainStep: the loss does not depend on any of the variables', {
      remedy: 'compute it from the outputs of the model whose variables are trained, with differentiable operations',
      cause: error,
    });
  }
  if (message.includes('gradient function not found') || message.includes('gradient function not defined')) {
    return new CrossmodalError(`trainStep: ${message}`, {
      remedy: "import '@tensorflow/tfjs-layers' once: it registers the gradients of TensorFlow.js",
      cause: error,
    });
  }
  return error;
}
