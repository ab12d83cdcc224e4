import { assertKnownOptions, CrossmodalError, requireOneOf, stopGradient } from '@crossmodal/core';
import { gradientReversal } from '@crossmodal/core/layers';
import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

export interface ConditionalDomainOptions {
  /** Rows of the source, which come first; the others are the target's. */
  sourceRows: number;
  /**
   * Strength of the gradient reversal.
   * @default 1
   */
  lambda?: number | Scalar;
  /**
   * CDAN-E: rows whose class is sure count up to twice as much as those whose class is open.
   * @default true
   */
  entropy?: boolean;
  /**
   * No gradient to the predictions, as in the published code; otherwise they are reversed like the features.
   * @default true
   */
  detachPredictions?: boolean;
  /**
   * Weights sum to the number of rows over the whole batch, or to the source's in each domain.
   * @default 'domain'
   */
  normalisation?: 'batch' | 'domain';
  /**
   * How features and predictions are joined: all products by default, a random projection of them when that is too wide.
   * @default outerProduct
   */
  join?: (features: Tensor2D, predictions: Tensor2D) => Tensor2D;
}

/** p_c f_d for all classes and features: [rows, classes * features], classes outermost. */
export function outerProduct(features: Tensor2D, predictions: Tensor2D): Tensor2D {
  const [rows, width] = features.shape;
  const classes = predictions.shape[1];
  return tf.tidy(() =>
    tf.reshape(tf.mul(tf.expandDims(predictions, 2), tf.expandDims(features, 1)), [rows, classes * width]),
  );
}

/**
 * 1 + exp(-H(p)), H = -sum_c p_c log(p_c + 1e-5): 2 for a sure prediction, near 1 for an open one; constants.
 *
 * @param predictions [rows, classes] probabilities
 */
export function entropyWeights(predictions: Tensor2D): Tensor1D {
  return tf.tidy(() => {
    const constant = stopGradient(predictions);
    const negativeEntropy = tf.sum(tf.mul(constant, tf.log(tf.add(constant, 1e-5))), 1); // 1e-5: the published code's
    return tf.add(tf.exp(negativeEntropy), 1) as Tensor1D;
  });
}

/** Weights scaled to sum to the number of rows, in all or per domain. */
function normalised(weights: Tensor1D, sourceRows: number, normalisation: 'batch' | 'domain'): Tensor1D {
  const rows = weights.shape[0];
  if (normalisation === 'batch') return tf.mul(tf.div(weights, tf.sum(weights)), rows) as Tensor1D;
  const parts = tf.split(weights, [sourceRows, rows - sourceRows]);
  return tf.concat(parts.map((part) => tf.mul(tf.div(part, tf.sum(part)), part.shape[0] as number))) as Tensor1D;
}

/**
 * The domain loss of CDAN: the discriminator sees features and class predictions jointly, so that the domains are aligned
 * class by class.
 *
 * p = softmax(class logits), g = p (x) f; z = discriminate(g); L = 1/n sum_i w_i BCE(sigmoid(z_i), [i is source]), w_i = 1 or
 * 1 + exp(-H(p_i)), normalised. Features (and predictions, unless detached) pass a gradient reversal.
 *
 * @param features [rows, width], source rows first
 * @param classLogits [rows, classes]
 * @param discriminate [rows, classes * width] to logits [rows, 1], source positive
 * @returns the loss and the discriminator's logits [rows]
 * @throws CrossmodalError when a domain has no rows or the matrices do not fit
 * @see Long et al. (2018), Conditional adversarial domain adaptation, equations 3, 5 and 8
 *
 * @example
 * const { loss } = conditionalDomainLoss(features, classLogits, (x) => critic.apply(x) as tf.Tensor2D, { sourceRows: 32 });
 */
export function conditionalDomainLoss(
  features: Tensor2D,
  classLogits: Tensor2D,
  discriminate: (joined: Tensor2D) => Tensor2D,
  {
    sourceRows,
    lambda = 1, // the paper, once its schedule has risen
    entropy = true, // CDAN+E
    detachPredictions = true, // the published code
    normalisation = 'domain', // the published code
    join = outerProduct, // the paper, equation 5
    ...others
  }: ConditionalDomainOptions,
): { loss: Scalar; logits: Tensor1D } {
  assertKnownOptions('conditionalDomainLoss', others, [
    'sourceRows',
    'lambda',
    'entropy',
    'detachPredictions',
    'normalisation',
    'join',
  ]);
  requireOneOf('conditionalDomainLoss: normalisation', normalisation, ['batch', 'domain']);
  const rows = features.shape[0];
  if (classLogits.shape[0] !== rows) {
    throw new CrossmodalError(
      `conditionalDomainLoss: features and classLogits must have equally many rows, got ${rows} and ${classLogits.shape[0]}`,
    );
  }
  if (!(sourceRows > 0 && sourceRows < rows)) {
    throw new CrossmodalError(
      `conditionalDomainLoss: both domains must have rows, got ${sourceRows} of ${rows} from the source`,
    );
  }
  return tf.tidy(() => {
    const predictions = tf.softmax(classLogits);
    const seen = detachPredictions ? stopGradient(predictions) : gradientReversal(predictions, { lambda });
    const joined = join(gradientReversal(features, { lambda }), seen);
    const logits = tf.reshape(discriminate(joined), [rows]) as Tensor1D;
    // BCE of target 1 is softplus(-z), of target 0 softplus(z).
    const sign = tf.concat([tf.fill([sourceRows], -1), tf.ones([rows - sourceRows])]);
    const losses = tf.softplus(tf.mul(logits, sign));
    const weights = entropy ? entropyWeights(predictions) : (tf.ones([rows]) as Tensor1D);
    return { loss: tf.mean(tf.mul(losses, normalised(weights, sourceRows, normalisation))) as Scalar, logits };
  });
}
