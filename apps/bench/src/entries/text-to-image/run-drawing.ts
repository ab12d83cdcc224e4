import type { ConditionalGan } from '@crossmodal/gan';
import * as tf from '@tensorflow/tfjs-core';
import type { EntryContext, EntryOutcome, Row } from '../entry.js';
import { trainingCurve } from '../shared/curve.js';
import type { DrawingSource } from './drawing-data.js';
import { drawingFigures } from './drawing-figures.js';
import { type DrawingJudges, drawingJudges, drawsPerName, type Judgement } from './drawing-judges.js';
import type { DrawingRecipe, DrawingSettings } from './settings.js';
import { drawingGan, trainDrawing } from './train-drawing.js';

/** Trains a generator by each recipe and judges what it draws for names that were never seen. */
export async function runDrawing(
  context: EntryContext,
  source: DrawingSource,
  { size, candidates, retrieval, recipes }: DrawingSettings,
): Promise<EntryOutcome> {
  const { train, test } = source;
  const judges = await drawingJudges(source, { candidates, retrieval, seed: context.seed });
  const real = await judges.judge(test.images);
  const rows: Row[] = [];
  const figures: EntryOutcome['figures'] = [];
  const facts: EntryOutcome['facts'] = {
    'Training pictures': train.items.length,
    'Test names': `${test.items.length}, ${drawsPerName} drawings each`,
    Groups: source.groups,
  };
  for (const [recipe, settings] of Object.entries(recipes)) {
    const suffix = recipe === '' ? '' : `: ${recipe}`;
    const outcome = await judged(context, source, judges, { recipe, settings });
    rows.push(...rowsOf(outcome, { candidates, suffix }));
    figures.push(...(await figuresOf(context, source, outcome, { candidates, suffix, real, judges })));
    facts[`Steps${suffix}`] = settings.firstStage
      ? `${settings.firstStage.steps} and ${settings.steps}`
      : settings.steps;
    facts[`Steps per second${suffix}`] = outcome.history.stepsPerSecond.toFixed(1);
    outcome.dispose();
  }
  judges.dispose();
  tf.dispose([train.conditions, test.conditions]);
  return {
    rows,
    summary:
      `A generator draws ${size}x${size} pixels from noise and the text vector of a name; a discriminator judges picture and name together. ` +
      'Two judges that saw real pictures only, and share no weights with either or with the text vectors, look at pictures drawn for names that were never seen: ' +
      `a classifier names the group (on the real pictures of these names it is right in ${percent(judges.realAccuracy)} of 100 cases), and a ` +
      `canonical correlation of pixels and words, which knows the real pictures of these names too, picks the name out of ${candidates} ` +
      `(${percent(real.precision)} of 100 on the real ones). Diversity is the mean distance of two drawings by the measure of two real pictures of one ` +
      'group: neither judge sees whether a name always gets the same drawing.',
    facts,
    figures,
  };
}

interface Outcome {
  gan: ConditionalGan;
  untrained: Judgement;
  trained: Judgement;
  history: Awaited<ReturnType<typeof trainDrawing>>;
  dispose(): void;
}

async function judged(
  context: EntryContext,
  { train, dimension }: DrawingSource,
  judges: DrawingJudges,
  { recipe, settings }: { recipe: string; settings: DrawingRecipe },
): Promise<Outcome> {
  const { seed, shuffle } = context;
  const label = recipe === '' ? 'text to image' : recipe;
  let first: ConditionalGan | undefined;
  if (settings.firstStage) {
    first = drawingGan(settings.firstStage, { dimension, seed });
    const follow = context.follow(`${label}, the first`, settings.firstStage.steps);
    await trainDrawing(first, train, settings.firstStage, { seed, shuffle, follow });
  }
  const gan = drawingGan(settings, { dimension, seed, first });
  const untrained = await judges.assess(gan);
  const follow = context.follow(label, settings.steps);
  const history = await trainDrawing(gan, train, settings, { seed, shuffle, follow });
  const trained = await judges.assess(gan);
  return {
    ...{ gan, untrained, trained, history },
    dispose() {
      gan.dispose();
      first?.dispose();
    },
  };
}

function rowsOf(
  { untrained, trained }: Outcome,
  { candidates, suffix }: { candidates: number; suffix: string },
): Row[] {
  const row = (metric: string, name: keyof Judgement, chance: number): Row => ({
    metric: `${metric}${suffix}`,
    better: 'higher',
    chance,
    untrained: untrained[name],
    value: trained[name],
    published: null,
  });
  return [
    row('right group of pictures drawn for new names, by a separate classifier', 'accuracy', trained.chance),
    row(`own name first of ${candidates}, by a separate retrieval model (R-precision)`, 'precision', 1 / candidates),
    row('diversity within a group, share of that of real pictures: pixels', 'diversity', 0),
    row('diversity of drawings of one name, share of that of real pictures of a group: pixels', 'withinName', 0),
  ];
}

async function figuresOf(
  { seed }: EntryContext,
  source: DrawingSource,
  { gan, untrained, trained, history }: Outcome,
  { candidates, suffix, real, judges }: { candidates: number; suffix: string; real: Judgement; judges: DrawingJudges },
): Promise<EntryOutcome['figures']> {
  return [
    ...(await drawingFigures(gan, source, { seed, recipe: suffix })),
    {
      kind: 'curves',
      title: `Training${suffix}`,
      xLabel: 'step',
      yLabel: 'loss',
      series: [
        { name: 'discriminator', points: trainingCurve(history, 'discriminator/loss') },
        { name: 'generator', points: trainingCurve(history, 'generator/loss') },
      ],
    },
    {
      kind: 'bars',
      title: `The right group, by a separate classifier${suffix}`,
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
      title: `Own name first of ${candidates}, by a separate retrieval model${suffix}`,
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
}

function percent(share: number): number {
  return Math.round(100 * share);
}
