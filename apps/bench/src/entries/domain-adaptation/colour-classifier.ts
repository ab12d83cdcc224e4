import type { Image } from '@crossmodal/encoders-vision';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { openMojiCorpus } from '../../data/corpus.js';
import type { EntryContext } from '../entry.js';
import { groupOf } from '../shared/groups.js';
import { decodePictures } from '../shared/images.js';
import { buildClassifier, type Classifier, judge, type Labelled, trainClassifier } from './classifiers.js';
import { classifierSettings } from './settings.js';

/** A classifier of groups trained on colour pictures alone. */
export interface ColourClassifier {
  classifier: Classifier;
  /** On real colour pictures of test emojis. */
  accuracy: number;
  /** Logits of pictures with values from 0 to 1. */
  scores(images: readonly Image[]): Promise<Tensor2D>;
}

/** Trains the classifier, once per run: the judge of generated pictures and the starting point of domain adaptation. */
export function colourClassifier(context: EntryContext): Promise<ColourClassifier> {
  return context.shared('colour classifier', () => train(context));
}

async function train(context: EntryContext): Promise<ColourClassifier> {
  const { preset, seed } = context;
  const { limit, ...size } = classifierSettings[preset];
  const corpus = openMojiCorpus(context.openmoji, { keep: (emoji) => groupOf(emoji) >= 0, limit });
  const load = async (emojis: typeof corpus.train): Promise<Labelled> => ({
    images: await decodePictures(
      await context.pictures(
        emojis.map(({ hexcode }) => hexcode),
        'color',
      ),
      size,
    ),
    labels: emojis.map(groupOf),
  });
  const classifier = buildClassifier(size, { seed, adaptation: 'none' });
  const follow = context.follow('judge', size.steps);
  await trainClassifier(classifier, await load(corpus.train), undefined, size, { seed, follow });
  const { accuracy, features } = await judge(classifier, await load(corpus.test));
  features.dispose();
  const scores = async (images: readonly Image[]) => {
    const parts: Tensor2D[] = [];
    for (let start = 0; start < images.length; start += 128) {
      const inputs = await classifier.encoder.prepare(images.slice(start, start + 128));
      parts.push(classifier.model.classify(inputs));
      tf.dispose(inputs);
    }
    const all = tf.concat2d(parts, 0);
    tf.dispose(parts);
    return all;
  };
  return { classifier, accuracy, scores };
}
