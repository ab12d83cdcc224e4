import { readFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import type { Entry, EntryContext, EntryOutcome } from '../entry.js';
import { trainingCurve, validationCurve } from '../shared/curve.js';
import { cutOffsFor, exampleRows, foundFirst, recallRows, searchFigure } from '../shared/retrieval.js';
import { alignedModel, alignmentSettings, testEmbeddings } from './model.js';

export const alignment: Entry = {
  id: 'alignment',
  paradigm: 'embedding alignment, contrastive loss',
  title: 'Find the picture for words, and the words for a picture',
  question: 'Does a name find its picture among emojis that were not in training, and a picture its name?',
  run: runAlignment,
};

async function runAlignment(context: EntryContext): Promise<EntryOutcome> {
  const { model, corpus, testImages, history, untrained, trained } = await alignedModel(context);
  const { batchSize } = alignmentSettings[context.preset];
  const cutOffs = cutOffsFor(corpus.test.length);
  const widest = cutOffs.at(-1)!;
  const files = await context.pictures(
    corpus.test.map(({ hexcode }) => hexcode),
    'color',
  );
  const pictures = await Promise.all(files.map((file) => readFile(file)));
  const names = corpus.test.map(({ annotation }) => annotation);
  const rows = await testEmbeddings(model, testImages, corpus);
  const withPicture = names.map((label, index) => ({ label, picture: pictures[index]! }));
  const figures: EntryOutcome['figures'] = [
    {
      kind: 'curves',
      title: 'Contrastive loss',
      xLabel: 'step',
      yLabel: 'nats',
      series: [{ name: 'training', points: trainingCurve(history) }],
      references: [{ name: 'guessing: log of the batch size', y: Math.log(batchSize) }],
    },
    {
      kind: 'curves',
      title: `Recall@${widest} on test emojis`,
      xLabel: 'step',
      yLabel: 'share found',
      share: true,
      series: ['text to picture', 'picture to text'].map((name) => ({ name, points: validationCurve(history, name) })),
      references: [{ name: 'chance', y: trained.textToImage.chance.recall[widest]! }],
    },
    await searchFigure(rows.text, rows.image, foundFirst(trained.textToImage, 5), {
      title: 'Words look for pictures: where it works.',
      caption: 'Five of the names whose own picture came first, asked with their tags, and what came next.',
      asked: names.map((label) => ({ label })),
      answers: withPicture,
    }),
    await searchFigure(rows.text, rows.image, exampleRows(names.length, 6), {
      title: 'Words look for pictures: without selection.',
      caption: 'Every so many of the test emojis, not picked by hand; the right one is framed.',
      asked: names.map((label) => ({ label })),
      answers: withPicture,
    }),
    await searchFigure(rows.image, rows.text, exampleRows(names.length, 5), {
      title: 'Pictures look for words: without selection.',
      caption: 'The nearest names of test emojis.',
      asked: withPicture.map(({ picture, label }) => ({ label, picture })),
      answers: names.map((label) => ({ label })),
    }),
  ];
  tf.dispose([rows.image, rows.text]);
  return {
    rows: [
      ...recallRows('text to picture', untrained.textToImage, trained.textToImage, cutOffs),
      ...recallRows('picture to text', untrained.imageToText, trained.imageToText, cutOffs),
    ],
    headline: [`recall@${widest}, text to picture`, `recall@${widest}, picture to text`, 'recall@1, text to picture'],
    summary:
      'A convolutional network for pictures and a bag of words for names and tags, both trained from nothing until matching ' +
      'pairs agree (symmetric InfoNCE, learned temperature). ' +
      `Recall@${widest} is the share of queries whose very own partner is among the first ${widest} of ${corpus.test.length} emojis, none of which was in training.`,
    facts: {
      'Training pairs': corpus.train.length,
      'Test pairs': corpus.test.length,
      'Median rank': `${trained.textToImage.medianRank} of ${corpus.test.length}`,
      Steps: history.records.length,
      'Steps per second': history.stepsPerSecond.toFixed(1),
    },
    figures,
  };
}
