import {
  CrossmodalError,
  loadWeights,
  type NamedVariables,
  type StoredWeights,
  type WeightSpecs,
} from '@crossmodal/core';
import { infoNce, sigLip } from '@crossmodal/losses';
import type { Scalar, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { infoNcePairLoss, type PairLoss } from '../dual-encoder/pair-loss.js';

/** Where the families of joint models differ, besides their towers. */
export interface JointFamily {
  /** The modality beside text. */
  readonly other: 'image' | 'audio';
  /** Name in the file of the logarithm of the scale that the model shows as `logitScale`. */
  readonly scale: string;
  /** Further variables of the loss by their names in the file. */
  readonly extras: readonly string[];
  /** Bound of the scale while it is trained. */
  readonly maximumScale: number;
  pairLoss(extras: NamedVariables): PairLoss;
}

/** By `model_type` of config.json. */
export const jointFamilies: Readonly<Record<string, JointFamily>> = {
  clip: { other: 'image', scale: 'logit_scale', extras: [], maximumScale: 100, pairLoss: () => infoNcePairLoss },
  siglip: {
    other: 'image',
    scale: 'logit_scale',
    extras: ['logit_bias'],
    maximumScale: Number.POSITIVE_INFINITY, // not bounded in the paper
    pairLoss: ({ logit_bias }) => sigmoidLoss(logit_bias as Variable),
  },
  clap: {
    other: 'audio',
    scale: 'logit_scale_a',
    extras: ['logit_scale_t'],
    maximumScale: 100,
    pairLoss: ({ logit_scale_t }) => twoScales(logit_scale_t as Variable),
  },
};

/** The sigmoid loss with the learned bias. @see Zhai et al. (2023), algorithm 1 */
function sigmoidLoss(bias: Variable): PairLoss {
  return (a, b, { temperature, positives, presentA, presentB }) => {
    refuseMissing('SigLIP', presentA, presentB);
    const pairs = positives ? { positive: positives, negative: tf.sub(1, positives) as tf.Tensor2D } : undefined;
    const options = { scale: tf.div(1, temperature) as Scalar, bias: tf.reshape(bias, []) as Scalar };
    return sigLip(a, b, pairs ? { ...options, pairs } : options);
  };
}

/**
 * The loss of CLAP as transformers computes it: each text must find its recording, once with either scale, and the mean of both.
 * (The paper has the other direction in the second term.)
 */
function twoScales(textScale: Variable): PairLoss {
  return (audio, text, { temperature, positives, presentA, presentB }) => {
    refuseMissing('CLAP', presentA, presentB);
    const positive = positives && (tf.transpose(positives) as tf.Tensor2D);
    const pairs = positive ? { pairs: { positive, negative: tf.sub(1, positive) as tf.Tensor2D } } : {};
    const one = (tau: Scalar) => infoNce(text, audio, { temperature: tau, symmetric: false, ...pairs });
    return tf.div(tf.add(one(temperature), one(tf.exp(tf.neg(tf.reshape(textScale, []))) as Scalar)), 2) as Scalar;
  };
}

function refuseMissing(name: string, ...masks: readonly (tf.Tensor | undefined)[]): void {
  if (masks.every((mask) => mask === undefined)) return;
  throw new CrossmodalError(`dualEncoder.loss: the loss of ${name} takes no missing samples`, {
    remedy: 'leave incomplete samples out of the batch',
  });
}

/** Scale and further variables of the loss; files of either shape, [] and [1], are in use. */
export async function loadScales(
  where: string,
  weights: StoredWeights,
  { scale, extras }: JointFamily,
): Promise<NamedVariables> {
  const specs: WeightSpecs = Object.fromEntries(
    [scale, ...extras].map((name) => [name, { shape: weights.entries.get(name)?.shape.length === 1 ? [1] : [] }]),
  );
  const { variables } = await loadWeights(weights, specs, { where, allowExtra: true });
  return Object.fromEntries(variables);
}
