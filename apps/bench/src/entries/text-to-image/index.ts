import * as tf from '@tensorflow/tfjs-core';
import type { Entry, EntryContext, EntryOutcome } from '../entry.js';
import { trainingCurve } from '../shared/curve.js';
import { groupNames } from '../shared/groups.js';
import { drawingData } from './drawing-data.js';
import { drawingFigures } from './drawing-figures.js';
import { drawingJudges, drawsPerName } from './drawing-judges.js';
import { drawingSettings } from './settings.js';
import { drawingGan, trainDrawing } from './train-drawing.js';

export const textToImage: Entry = {
  id: 'text-to-image',
  paradigm: 'conditional GAN',
  title: 'Draw an emoji from its name',
  question: 'Do pictures drawn for names that were never seen look like the right kind of thing?',
  run: runTextToImage,
};

async function runTextToImage(context: EntryContext): Promise<EntryOutcome> {
  const { preset, seed, shuffle } = context;
  const settings = drawingSettings[preset];
  const { size, steps, candidates } = settings;
  const { train, test, dimension } = await drawingData(context, settings);
  const judges = await drawingJudges(context, { train, test }, settings);
  const gan = drawingGan(settings, { dimension, seed });
  const untrained = await judges.assess(gan);
  const follow = context.follow('text to image', steps);
  const history = await trainDrawing(gan, train, settings, { seed, shuffle, follow });
  const trained = await judges.assess(gan);
  const real = await judges.judge(test.images);
  const figures: EntryOutcome['figures'] = [
    ...(await drawingFigures(gan, { train, test }, { seed })),
    {
      kind: 'curves',
      title: 'Training',
      xLabel: 'step',
      yLabel: 'loss',
      series: [
        { name: 'discriminator', points: trainingCurve(history, 'discriminator/loss') },
        { name: 'generator', points: trainingCurve(history, 'generator/loss') },
      ],
    },
    {
      kind: 'bars',
      title: 'The right group, by a separate classifier',
      caption: 'Pictures for names that were never seen.',
      maximum: 1,
      bars: [
        { name: 'largest group', value: trained.chance },
        { name: 'untrained generator', value: untrained.accuracy },
        { name: 'generated', value: trained.accuracy, emphasis: true },
        { name: 'real test pictures', value: judges.realAccuracy },
      ],
    },
    {
      kind: 'bars',
      title: `Own name first of ${candidates}, by a separate retrieval model`,
      caption: 'Pictures for names that were never seen.',
      maximum: 1,
      bars: [
        { name: 'guessing', value: 1 / candidates },
        { name: 'untrained generator', value: untrained.precision },
        { name: 'generated', value: trained.precision, emphasis: true },
        { name: 'real test pictures', value: real.precision },
      ],
    },
  ];
  judges.dispose();
  gan.dispose();
  tf.dispose([train.conditions, test.conditions]);
  return {
    rows: [
      {
        metric: 'right group of pictures drawn for new names, by a separate classifier',
        better: 'higher',
        chance: trained.chance,
        untrained: untrained.accuracy,
        value: trained.accuracy,
        published: null,
      },
      {
        metric: `own name first of ${candidates}, by a separate retrieval model (R-precision)`,
        better: 'higher',
        chance: 1 / candidates,
        untrained: untrained.precision,
        value: trained.precision,
        published: null,
      },
      {
        metric: 'diversity within a group, share of that of real pictures: pixels',
        better: 'higher',
        chance: 0,
        untrained: untrained.diversity,
        value: trained.diversity,
        published: null,
      },
      {
        metric: 'diversity of drawings of one name, share of that of real pictures of a group: pixels',
        better: 'higher',
        chance: 0,
        untrained: untrained.withinName,
        value: trained.withinName,
        published: null,
      },
    ],
    summary:
      `A generator draws ${size}x${size} pixels from noise and the text vector of a name; a discriminator judges picture and name together. ` +
      'Two judges that saw real pictures only, and share no weights with either or with the text vectors, look at pictures drawn for names that were never seen: ' +
      `a classifier names the group (on the real pictures of these names it is right in ${percent(judges.realAccuracy)} of 100 cases), and a ` +
      `canonical correlation of pixels and words, which knows the real pictures of these names too, picks the name out of ${candidates} ` +
      `(${percent(real.precision)} of 100 on the real ones). Diversity is the mean distance of two drawings by the measure of two real pictures of one ` +
      'group: neither judge sees whether a name always gets the same drawing.',
    facts: {
      'Training pictures': train.emojis.length,
      'Test names': `${test.emojis.length}, ${drawsPerName} drawings each`,
      Groups: groupNames.length,
      Steps: steps,
      'Steps per second': history.stepsPerSecond.toFixed(1),
    },
    figures,
  };
}

function percent(share: number): number {
  return Math.round(100 * share);
}
