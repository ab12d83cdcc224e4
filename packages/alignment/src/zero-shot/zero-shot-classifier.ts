import {
  allocateWeights,
  assertKnownOptions,
  CrossmodalError,
  loadSavedModel,
  type ModelFiles,
  type NamedVariables,
  requireInteger,
  type Savable,
  savedModelFiles,
} from '@crossmodal/core';
import { l2Normalize } from '@crossmodal/core/layers';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { DualEncoder } from '../dual-encoder/dual-encoder.js';

/** A sentence with `{}` where the name of the class goes, or a function of the name. */
export type PromptTemplate = string | ((name: string) => string);

export interface ZeroShotOptions<Modality extends string> {
  /** Names of the classes, as a sentence would mention them. */
  classes: readonly string[];
  /** @default ['{}'] */
  templates?: readonly PromptTemplate[];
  /** The modality whose encoder reads sentences. */
  text: Modality;
  /**
   * Sentences embedded at a time.
   * @default 64
   */
  batchSize?: number;
}

/** One class and how probable it is. */
export interface ZeroShotGuess {
  label: string;
  probability: number;
}

/** A classifier made of sentences; it has learned no labels. */
export interface ZeroShotClassifier<Modality extends string> extends Savable {
  readonly classes: readonly string[];
  /** One unit row per class, [classes, dim]. */
  readonly weights: Tensor2D;
  /** Similarities times the model's scale, [rows, classes], of unit rows [rows, dim]. */
  logits(rows: Tensor2D): Tensor2D;
  /** The most probable classes of raw items of any modality, best first. */
  classify(
    modality: Modality,
    items: readonly unknown[],
    options?: { best?: number; batchSize?: number },
  ): Promise<ZeroShotGuess[][]>;
  /** For `saveFolder` of `@crossmodal/core/models`, without the dual encoder; `loadZeroShotClassifier` loads them. */
  files: Savable['files'];
  /** Frees the weights; the dual encoder stays. */
  dispose(): void;
}

function fill(template: PromptTemplate, name: string): string {
  if (typeof template === 'function') return template(name);
  if (!template.includes('{}'))
    throw new CrossmodalError(`zeroShotClassifier: a template must contain {}, got '${template}'`);
  return template.replaceAll('{}', () => name); // as a function: $ in a text would have a meaning
}

/**
 * Classification without labelled examples: each class is the mean direction of its name in several sentences.
 *
 * w_c = normalise(mean_t normalise(text(template_t(name_c)))); p(c | x) = softmax_c(z(x) . w_c / tau).
 *
 * @param model a trained dual encoder of which one modality is text
 * @throws CrossmodalError without classes or templates, for a class named twice, for a template without {}
 * @see Radford et al. (2021), section 3.1.4 (prompt ensembling)
 *
 * @example
 * const classifier = await zeroShotClassifier(model, {
 *   classes: ['cat', 'dog'], templates: ['a photo of a {}.', 'a drawing of a {}.'], text: 'text',
 * });
 * const [guesses] = await classifier.classify('image', ['photo.jpg'], { best: 2 });
 */
export async function zeroShotClassifier<Modality extends string>(
  model: Pick<DualEncoder<Modality>, 'embedItems' | 'scale'>,
  {
    classes,
    templates = ['{}'], // the bare name
    text,
    batchSize = 64,
    ...others
  }: ZeroShotOptions<Modality>,
): Promise<ZeroShotClassifier<Modality>> {
  assertKnownOptions('zeroShotClassifier', others, ['classes', 'templates', 'text', 'batchSize']);

  if (classes.length === 0 || templates.length === 0) {
    throw new CrossmodalError(
      `zeroShotClassifier: needs classes and templates, got ${classes.length} and ${templates.length}`,
    );
  }
  const repeated = classes.find((name, i) => classes.indexOf(name) !== i);
  if (repeated !== undefined)
    throw new CrossmodalError(`zeroShotClassifier: classes must differ, '${repeated}' comes twice`);
  const prompts = classes.flatMap((name) => templates.map((template) => fill(template, name)));
  const rows = await model.embedItems(text, prompts, { batchSize });
  const weights = tf.tidy(() => {
    const perClass = tf.reshape(rows, [classes.length, templates.length, -1]);
    return l2Normalize(tf.mean(perClass, 1) as Tensor2D);
  });
  rows.dispose();
  return classifierOf(model, { classes, weights, batchSize });
}

type Embedder<Modality extends string> = Pick<DualEncoder<Modality>, 'embedItems' | 'scale'>;

function classifierOf<Modality extends string>(
  model: Embedder<Modality>,
  { classes, weights, batchSize }: { classes: readonly string[]; weights: Tensor2D; batchSize: number },
): ZeroShotClassifier<Modality> {
  const logits = (embedded: Tensor2D) =>
    tf.tidy(() => tf.mul(tf.matMul(embedded, weights, false, true), model.scale()) as Tensor2D);
  return {
    classes,
    weights,
    logits,
    async classify(modality, items, { best = 1, batchSize: size = batchSize, ...others } = {}) {
      assertKnownOptions('classify', others, ['best', 'batchSize']);
      requireInteger('zeroShotClassifier.classify: best', best);
      const embedded = await model.embedItems(modality, items, { batchSize: size });
      let probabilities: Tensor2D | undefined;
      try {
        probabilities = tf.tidy(() => tf.softmax(logits(embedded)));
        const values = await probabilities.data();
        return items.map((_, i) => {
          const row = values.subarray(i * classes.length, (i + 1) * classes.length);
          const order = classes.map((__, c) => c).sort((c, d) => (row[d] as number) - (row[c] as number));
          return order.slice(0, best).map((c) => ({ label: classes[c] as string, probability: row[c] as number }));
        });
      } finally {
        tf.dispose([embedded, probabilities ?? []]);
      }
    },
    files: (settings) =>
      savedModelFiles(
        { type: 'zeroShotClassifier', options: { classes, dimension: weights.shape[1], batchSize } },
        { weights } as unknown as NamedVariables,
        settings,
      ),
    dispose() {
      weights.dispose();
    },
  };
}

/**
 * Loads a zero-shot classifier that was saved: its classes, without embedding their sentences again.
 *
 * @param files of its folder: `openFolder` of `@crossmodal/core/models`, or fetched
 * @param model the dual encoder that it was made with
 * @throws CrossmodalError naming the file when something is missing, damaged, of another version or type
 * @example
 * const classifier = await loadZeroShotClassifier(await openFolder('models/cats-and-dogs'), model);
 */
export async function loadZeroShotClassifier<Modality extends string>(
  files: ModelFiles,
  model: Embedder<Modality>,
): Promise<ZeroShotClassifier<Modality>> {
  const where = 'loadZeroShotClassifier';
  const { classifier } = await loadSavedModel(
    files,
    {
      zeroShotClassifier(options) {
        const { classes, dimension, batchSize } = options as {
          classes: string[];
          dimension: number;
          batchSize: number;
        };
        if (!Array.isArray(classes) || !Number.isSafeInteger(dimension) || dimension < 1) {
          throw new CrossmodalError(`${where}: config.json must hold classes and a dimension`, {
            remedy: 'copy the file again',
          });
        }
        const shape = [classes.length, dimension];
        const weights = tf.tidy(() => tf.variable(tf.tensor(allocateWeights(shape), shape), false));
        return {
          classifier: classifierOf(model, { classes, weights: weights as unknown as Tensor2D, batchSize }),
          namedVariables: () => ({ weights }),
        };
      },
    },
    { where },
  );
  return classifier;
}
