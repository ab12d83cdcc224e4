import { Random } from '@crossmodal/core';
import { cosine } from '@crossmodal/core/schedules';
import { fit } from '@crossmodal/core/train';
import type { Image } from '@crossmodal/encoders-vision';
import {
  type ConditionalGanBatch,
  classifierConsistency,
  conditionalGan,
  ganStep,
  intraClassDistance,
  rPrecision,
} from '@crossmodal/gan';
import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Settings } from '../../presets.js';
import { alignedModel } from '../alignment/model.js';
import { colourClassifier } from '../domain-adaptation/colour-classifier.js';
import type { Entry, EntryContext, EntryOutcome } from '../entry.js';
import { pixelRetrieval } from '../hard-vs-soft/pixel-retrieval.js';
import { batchesOf } from '../shared/batches.js';
import { captionOf } from '../shared/captions.js';
import { trainingCurve } from '../shared/curve.js';
import { groupNames, groupOf } from '../shared/groups.js';
import { decodePictures, imagesOf, pictureTensor, pngOf, shifted } from '../shared/images.js';
import { exampleRows } from '../shared/retrieval.js';

interface TextToImageSettings {
  size: number;
  width: number;
  latentDimension: number;
  steps: number;
  batchSize: number;
  /** Texts that the generated picture must be told from, its own included. */
  candidates: number;
}

const settings: Settings<TextToImageSettings> = {
  quick: { size: 32, width: 16, latentDimension: 32, steps: 700, batchSize: 64, candidates: 10 },
  smoke: { size: 16, width: 4, latentDimension: 4, steps: 2, batchSize: 8, candidates: 3 },
};

/** Pictures drawn per test name when they are judged. */
const drawsPerName = 4;

export const textToImage: Entry = {
  id: 'text-to-image',
  paradigm: 'conditional GAN',
  title: 'Draw an emoji from its name',
  question: 'Do pictures drawn for names that were never seen look like the right kind of thing?',
  run: runTextToImage,
};

async function runTextToImage(context: EntryContext): Promise<EntryOutcome> {
  const { preset, seed, shuffle } = context;
  const { size, width, latentDimension, steps, batchSize, candidates } = settings[preset];
  const aligned = await alignedModel(context);
  const judge = await colourClassifier(context);
  const train = aligned.corpus.train.filter((emoji) => groupOf(emoji) >= 0);
  const test = aligned.corpus.test.filter((emoji) => groupOf(emoji) >= 0);
  const files = async (emojis: typeof train) =>
    context.pictures(
      emojis.map(({ hexcode }) => hexcode),
      'color',
    );
  const images = await decodePictures(await files(train), { size });
  const realTest = await decodePictures(await files(test), { size });
  // The judge knows the real pictures of the test names, the generator does not. One that had seen those of training only knew them by
  // heart (.89 of 1 on the real ones, .38 on real ones of test names) and liked a mean of five of them best (.92): copies, not quality.
  const retrieval = await pixelRetrieval([...images, ...realTest], [...train, ...test].map(captionOf));

  const embed = (emojis: typeof train) => aligned.model.embedItems('text', emojis.map(captionOf), { batchSize: 128 });
  const trainRows = await embed(train);
  const conditions = await trainRows.array();
  const testConditions = await embed(test);
  const gan = conditionalGan({
    conditionDimension: aligned.model.dimension,
    latentDimension,
    size,
    width,
    differentiableAugmentation: { translation: 0.125, colour: 0.3 },
    seed,
  });
  // Control: every picture is drawn under the name of another emoji, the same one throughout.
  const order = train.map((_, index) => index);
  const nameOf = shuffle ? new Random(seed).fork('control').shuffle(order) : order;
  const data = batchesOf<ConditionalGanBatch>(
    train.length,
    async (indices, random) => ({
      real: await pictureTensor(indices.map((index, row) => shifted(images[index]!, random.fork(row)))),
      condition: tf.tensor2d(indices.map((index) => conditions[nameOf[index]!]!)),
    }),
    { batchSize, seed },
  );

  // Some hundred real pictures say how far those of one group differ.
  const some = exampleRows(train.length, Math.min(train.length, 400));
  const ofReal = flat(some.map((row) => images[row]!));
  const realDistance = await intraClassDistance(
    ofReal,
    some.map((row) => groupOf(train[row]!)),
  );
  ofReal.dispose();
  const assess = async () => {
    const repeated = tf.tile(testConditions, [drawsPerName, 1]) as Tensor2D;
    const drawn = gan.generate(repeated, { random: new Random(seed).fork('judged') }) as Tensor4D;
    const pictures = await imagesOf(drawn);
    const classes = Array.from({ length: drawsPerName }, () => test.map(groupOf)).flat();
    const scores = await judge.scores(pictures);
    const { accuracy, chance } = await classifierConsistency(scores, classes);
    const precision = await retrieved(pictures);
    const every = flat(pictures);
    const diversity = (await intraClassDistance(every, classes)) / realDistance;
    const names = pictures.map((_, index) => index % test.length);
    const withinName = (await intraClassDistance(every, names)) / realDistance;
    tf.dispose([repeated, drawn, scores, every]);
    return { accuracy, chance, precision, diversity, withinName };
  };
  /** R-precision of pictures of the test names, in their order, over and over. */
  const retrieved = async (pictures: readonly Image[]) => {
    const emojis = pictures.map((_, index) => test[index % test.length]!);
    const embedded = retrieval.embedPictures(pictures);
    const texts = retrieval.embedTexts(emojis.map(captionOf));
    const labels = emojis.map(({ annotation }) => annotation);
    const { precision } = await rPrecision(embedded, texts, { candidates, labels, seed });
    tf.dispose([embedded, texts]);
    return precision;
  };
  const untrained = await assess();
  const step = ganStep(gan, {
    generatorRate: cosine({ from: 4e-4, to: 1e-4, steps }),
    discriminatorRate: cosine({ from: 8e-4, to: 2e-4, steps }), // two time scales
    averageDecay: 0.995,
  });
  const history = await fit(step, data, { steps, ...context.follow('text to image', steps) });
  step.applyAverages();
  const trained = await assess();
  const realPrecision = await retrieved(realTest);
  retrieval.dispose();

  const random = new Random(seed).fork('figures');
  const drawFor = async (rows: Tensor2D, picked: readonly number[], count: number) => {
    const chosen = tf.gather(rows, [...picked]);
    const columns: Uint8Array[][] = [];
    for (let column = 0; column < count; column++) {
      const drawn = gan.generate(chosen, { random: random.fork(column) }) as Tensor4D;
      columns.push(await Promise.all((await imagesOf(drawn)).map(pngOf)));
      drawn.dispose();
    }
    chosen.dispose();
    return picked.map((_, row) => columns.map((column) => column[row]!));
  };
  const seen = exampleRows(train.length, 6);
  const unseen = exampleRows(test.length, 8);
  const drawnSeen = await drawFor(trainRows, seen, 6);
  const drawnUnseen = await drawFor(testConditions, unseen, 6);
  const headings = ['real', ...Array.from({ length: 6 }, () => '')];
  const figures: EntryOutcome['figures'] = [
    {
      kind: 'pictures',
      title: 'Names it has never seen',
      caption: 'The real emoji first, then six drawings from different noise.',
      headings,
      rows: await Promise.all(
        unseen.map(async (row, index) => ({
          label: test[row]!.annotation,
          pictures: [await pngOf(realTest[row]!), ...drawnUnseen[index]!],
        })),
      ),
    },
    {
      kind: 'pictures',
      title: 'Names of its training',
      caption: 'The same for emojis that it was trained on.',
      headings,
      rows: await Promise.all(
        seen.map(async (row, index) => ({
          label: train[row]!.annotation,
          pictures: [await pngOf(images[row]!), ...drawnSeen[index]!],
        })),
      ),
    },
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
        { name: 'real test pictures', value: judge.accuracy },
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
        { name: 'real test pictures', value: realPrecision },
      ],
    },
  ];
  step.dispose();
  gan.dispose();
  tf.dispose([trainRows, testConditions]);
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
      `a classifier names the group (on the real pictures of these names it is right in ${percent(judge.accuracy)} of 100 cases), and a ` +
      `canonical correlation of pixels and words, which knows the real pictures of these names too, picks the name out of ${candidates} ` +
      `(${percent(realPrecision)} of 100 on the real ones). Diversity is the mean distance of two drawings by the measure of two real pictures of one ` +
      'group: neither judge sees whether a name always gets the same drawing.',
    facts: {
      'Training pictures': train.length,
      'Test names': `${test.length}, ${drawsPerName} drawings each`,
      Groups: groupNames.length,
      Steps: steps,
      'Steps per second': history.stepsPerSecond.toFixed(1),
    },
    figures,
  };
}

/** [pictures, values] */
function flat(pictures: readonly Image[]): Tensor2D {
  return tf.tidy(() => tf.stack(pictures.map(({ data }) => tf.tensor1d(Float32Array.from(data)))) as Tensor2D);
}

function percent(share: number): number {
  return Math.round(100 * share);
}
