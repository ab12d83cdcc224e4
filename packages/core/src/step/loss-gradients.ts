// Registers the gradients of TensorFlow.js, which tfjs-core leaves out; evaluated only where a step is made.
import '@tensorflow/tfjs-layers';
import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { CrossmodalError } from '../errors.js';
import type { LossTerms } from '../trainable.js';
import type { Metrics } from './step.js';

/** A loss, alone or with the terms it is made of (reported, not differentiated). */
export type LossResult = Scalar | LossTerms;

export interface LossGradients {
  metrics: Metrics;
  /** In the order of the inputs; undefined where the loss does not depend on the input. */
  gradients: (Tensor | undefined)[];
}

/**
 * The value of a loss, its terms, and the gradient with respect to each tensor or variable of `inputs`. Call it inside a tidy.
 *
 * @param caller the function that the user called, for messages
 * @param options.mayBeConstant lets a loss pass that depends on none of the inputs
 * @throws CrossmodalError when the loss is not a scalar or does not depend on any of the inputs
 */
export function lossGradients(
  caller: string,
  loss: () => LossResult,
  inputs: readonly (Tensor | Variable)[],
  { mayBeConstant = false }: { mayBeConstant?: boolean } = {},
): LossGradients {
  const terms: Metrics = {};
  try {
    const forward = (): Scalar => {
      const result = loss();
      if (result instanceof tf.Tensor) return checkScalar(caller, 'loss', result);
      for (const [name, term] of Object.entries(checkTerms(caller, result))) {
        if (name !== 'loss') terms[name] = tf.keep(tf.clone(checkScalar(caller, name, term)));
      }
      return checkScalar(caller, 'loss', result.loss);
    };
    // As tf.variableGrads does it, for tensors as well as variables.
    const { value, grads } = tf.engine().gradients(() => freeingTapeOnError(forward), [...inputs], undefined, true);
    if (!mayBeConstant && grads.every((gradient) => !gradient)) throw unconnected(caller);
    const metrics: Metrics = { loss: value as Scalar };
    for (const [name, term] of Object.entries(terms)) metrics[name] = tf.clone(term);
    return { metrics, gradients: grads.map((gradient) => gradient ?? undefined) };
  } catch (error) {
    throw explained(caller, error);
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

function checkTerms(caller: string, result: LossTerms): LossTerms {
  if (typeof result === 'object' && result !== null) return result;
  throw new CrossmodalError(`${caller}: loss must return a scalar or { loss, ...terms }, got ${typeof result}`);
}

function checkScalar(caller: string, name: string, tensor: Scalar | undefined): Scalar {
  // A variable is cloned: what is reported is disposed of.
  if (tensor instanceof tf.Tensor && tensor.rank === 0)
    return tensor instanceof tf.Variable ? tf.clone(tensor) : tensor;
  const actual = tensor instanceof tf.Tensor ? `a tensor of shape [${(tensor as Tensor).shape}]` : typeof tensor;
  throw new CrossmodalError(`${caller}: the term '${name}' must be a scalar, got ${actual}`, {
    remedy: 'reduce it with tf.mean or tf.sum',
  });
}

function unconnected(caller: string, cause?: unknown): CrossmodalError {
  return new CrossmodalError(`${caller}: the loss does not depend on any of the variables`, {
    remedy: 'compute it from the outputs of the model whose variables are trained, with differentiable operations',
    cause,
  });
}

/** TensorFlow.js speaks of functions passed to minimize(), which nobody here called. */
function explained(caller: string, error: unknown): unknown {
  const message = error instanceof Error ? error.message : '';
  if (message.includes('Cannot find a connection') || message.includes('Cannot compute gradient of y=f(x)')) {
    return unconnected(caller, error);
  }
  if (message.includes('gradient function not found') || message.includes('gradient function not defined')) {
    return new CrossmodalError(`${caller}: ${message}`, {
      remedy:
        "the process has two copies of '@tensorflow/tfjs-core', or a kernel without gradient: see `npm ls @tensorflow/tfjs-core`",
      cause: error,
    });
  }
  return error;
}
