import {
  assertKnownOptions,
  CrossmodalError,
  type Encoder,
  isTraining,
  type LossTerms,
  type NamedVariables,
  prefixed,
  Random,
  requireInteger,
  requireRate,
  requireSeed,
  type Savable,
  savedModelFiles,
  type Trainable,
  withoutGradient,
} from '@crossmodal/core';
import { crossEntropy } from '@crossmodal/losses';
import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { head } from '../internal/head.js';
import { concatenation } from '../strategies/concatenation.js';
import type { FusionStrategy } from '../strategies/fusion-strategy.js';
import { classifyItems, type ModalityItems } from './classify-items.js';
import type { FusionInputs } from './fusion-inputs.js';
import { modalityDropout } from './modality-dropout.js';
import { checkBatch, modalityFeatures } from './modality-features.js';

export interface FusionClassifierOptions<Modality extends string> {
  /** One encoder per modality, two or more. */
  encoders: Record<Modality, Encoder>;
  classes: number;
  seed: number;
  /**
   * How the modalities are joined.
   * @default concatenation() (fusionClassifier); crossAttention({ readers: ['question'] }) (questionAnswering)
   */
  strategy?: FusionStrategy;
  /**
   * Widths of the hidden layers behind the fusion; none makes a linear classifier.
   * @default [128]
   */
  hidden?: readonly number[];
  /**
   * Share of hidden values set to zero when training.
   * @default 0.5
   */
  dropout?: number;
  /**
   * Probability with which a modality of a sample is left out when training, so that the model learns to do without.
   * @default 0
   */
  modalityDropout?: number;
  /** @default 0 */
  labelSmoothing?: number;
}

/** The same with classes: `labels` [batch], integers. */
export type FusionBatch<Modality extends string = string> = FusionInputs<Modality> & { labels: Tensor1D };

/** A classifier of samples that have several modalities; see `fusionClassifier`. */
export interface FusionClassifier<Modality extends string = string> extends Trainable<FusionBatch<Modality>>, Savable {
  readonly modalities: readonly Modality[];
  readonly classes: number;
  /** Logits [batch, classes], differentiable. */
  logits(batch: FusionInputs<Modality>, options?: { training?: boolean }): Tensor2D;
  /** Mean cross entropy; terms `loss` and `accuracy`. */
  loss(batch: FusionBatch<Modality>, options?: { training?: boolean }): LossTerms;
  /** Probabilities [items, classes] of raw items, batch by batch; undefined stands for a missing one. */
  classifyItems(items: ModalityItems<Modality>, options?: { batchSize?: number }): Promise<Tensor2D>;
  namedVariables(): NamedVariables;
  /** Frees the weights and the encoders. */
  dispose(): void;
}

/** Names that a modality cannot have, since a batch uses them. */
const reserved: readonly string[] = ['present', 'labels', 'loss', 'accuracy', 'fusion', 'head'];

/**
 * A classifier that looks at two or more modalities at once: each goes through its encoder, a strategy joins them
 * (concatenation, gates, a low-rank bilinear form, cross attention), and behind it stand linear layers with dropout and ReLU.
 *
 * L = mean_i CE(head(fuse(x_i1, ..., x_iM)), y_i). A modality may be missing in rows (`present`) or in a whole batch;
 * what stands in a missing row has no influence.
 *
 * @throws CrossmodalError when there are fewer than two modalities, a name is reserved, or an option does not fit
 * @see Ngiam et al.: Multimodal deep learning (2011); Neverova et al.: ModDrop (2016)
 * @example
 * const model = fusionClassifier({ encoders: { image, audio }, classes: 10, strategy: gated(), modalityDropout: 0.3, seed: 1 });
 * const { loss } = model.loss({ image: pictures, audio: recordings, labels }, { training: true });
 */
export function fusionClassifier<Modality extends string>(
  options: FusionClassifierOptions<Modality>,
): FusionClassifier<Modality> {
  assertKnownOptions('fusionClassifier', options, {
    encoders: true,
    classes: true,
    seed: true,
    strategy: true,
    hidden: true,
    dropout: true,
    modalityDropout: true,
    labelSmoothing: true,
  } satisfies Record<keyof FusionClassifierOptions<Modality>, true>);
  const {
    encoders,
    classes,
    seed,
    strategy = concatenation(),
    hidden = [128],
    dropout = 0.5, // Srivastava et al. (2014), hidden layers
    modalityDropout: rate = 0,
    labelSmoothing = 0,
  } = options;
  const where = 'fusionClassifier';
  const modalities = Object.keys(encoders) as Modality[];
  checkNames(where, modalities);
  requireInteger(`${where}: classes`, classes, 2);
  for (const units of hidden) requireInteger(`${where}: hidden`, units);
  requireRate(`${where}: dropout`, dropout);
  requireRate(`${where}: modalityDropout`, rate);
  requireSeed(where, seed);
  const random = new Random(seed).fork(where);
  const fusion = strategy.build(
    modalities.map((name) => ({
      name,
      dimension: encoders[name].dimension,
      hasSequence: encoders[name].encodeSequence !== undefined,
    })),
    { random: random.fork('fusion') },
  );
  const output = head({
    inputs: fusion.dimension,
    hidden,
    outputs: classes,
    rate: dropout,
    random: random.fork('head'),
  });
  const noise = random.fork('modality-dropout');

  const model: FusionClassifier<Modality> = {
    modalities,
    classes,
    logits: (batch, options) => {
      const training = isTraining('fusionClassifier.logits', options);
      return tf.tidy(() => {
        const checked = checkBatch(where, modalities, batch, batch.present);
        const { size, inputs, present } = checked;
        const used = modalityDropout(
          modalities,
          Object.fromEntries(modalities.map((name) => [name, inputs[name] ? (present[name] ?? 'all') : 'none'])),
          { size, rate, random: noise, training },
        );
        const features = modalityFeatures(encoders, checked, used, { training });
        return output.apply(fusion.fuse(features, { training }), { training });
      });
    },
    loss: (batch, options) => {
      const training = isTraining('fusionClassifier.loss', options);
      return tf.tidy(() => {
        const { labels } = batch;
        const logits = model.logits(batch, { training });
        if (labels?.rank !== 1 || labels.shape[0] !== logits.shape[0]) {
          throw new CrossmodalError(
            `${where}.loss: labels must have shape [${logits.shape[0]}], got ${labels ? `[${labels.shape}]` : 'none'}`,
          );
        }
        const loss = crossEntropy(logits, labels, { labelSmoothing: training ? labelSmoothing : 0 });
        const accuracy = withoutGradient(() => {
          const hits = tf.equal(tf.cast(tf.argMax(logits, 1), 'int32'), tf.cast(labels, 'int32'));
          return tf.mean(tf.cast(hits, 'float32')) as Scalar;
        });
        return { loss, accuracy };
      });
    },
    classifyItems: (items, given) =>
      classifyItems(encoders, items, (batch) => tf.softmax(model.logits(batch)) as Tensor2D, given),
    namedVariables: () => ({
      ...(Object.assign(
        {},
        ...modalities.map((name) => prefixed(name, encoders[name].namedVariables())),
      ) as NamedVariables),
      ...prefixed('fusion', fusion.namedVariables()),
      ...prefixed('head', output.namedVariables()),
    }),
    files: (settings) =>
      savedModelFiles(
        {
          type: 'fusionClassifier',
          options: { encoders, classes, seed, strategy, hidden, dropout, modalityDropout: rate, labelSmoothing },
        },
        model.namedVariables(),
        settings,
      ),
    dispose: () => {
      fusion.dispose();
      output.dispose();
      for (const name of modalities) encoders[name].dispose();
    },
  };
  return model;
}

function checkNames(where: string, modalities: readonly string[]): void {
  if (modalities.length < 2) {
    throw new CrossmodalError(
      `${where}: encoders must have at least two modalities, got ${modalities.join(', ') || 'none'}`,
      { remedy: 'a classifier of one modality needs no fusion: a linear layer behind its encoder does' },
    );
  }
  const taken = modalities.find((name) => reserved.includes(name));
  if (taken !== undefined) {
    throw new CrossmodalError(`${where}: a modality must not be called ${reserved.join(', ')}, got '${taken}'`);
  }
}
