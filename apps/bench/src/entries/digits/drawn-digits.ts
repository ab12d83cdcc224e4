import { Random } from '@crossmodal/core';
import { type LabelledImages, mnist } from '@crossmodal/core/data/sets';
import { fit } from '@crossmodal/core/train';
import { bagEncoder, wordTokenizer } from '@crossmodal/encoders-text';
import type { Image } from '@crossmodal/encoders-vision';
import {
  type ConditionalGanBatch,
  classifierConsistency,
  conditionalGan,
  frechetDistance,
  ganStep,
  interpolateConditions,
  intraClassDistance,
  manifoldMetrics,
} from '@crossmodal/gan';
import * as tf from '@tensorflow/tfjs-core';
import { digitNames } from '../../data/moving-digits.js';
import type { Settings } from '../../presets.js';
import type { Entry, EntryContext, EntryOutcome, Row } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { trainingCurve } from '../shared/curve.js';
import { imagesOf, pngOf } from '../shared/images.js';
import { digitJudge } from './digit-judge.js';

interface DrawnDigitsSettings {
  /** 16 or 32 pixels a side. */
  size: number;
  width: number;
  latentDimension: number;
  steps: number;
  batchSize: number;
  judge: { channels: number[]; steps: number; batchSize: number };
  /** Drawings per word when they are judged, and as many real pictures. */
  drawsPerWord: number;
  limit: number;
}

const settings: Settings<DrawnDigitsSettings> = {
  quick: {
    size: 16,
    width: 16,
    latentDimension: 32,
    steps: 2000,
    batchSize: 64,
    judge: { channels: [16, 32], steps: 1500, batchSize: 128 },
    drawsPerWord: 60,
    limit: 20_000,
  },
  smoke: {
    size: 16,
    width: 4,
    latentDimension: 4,
    steps: 2,
    batchSize: 8,
    judge: { channels: [4, 8], steps: 2, batchSize: 8 },
    drawsPerWord: 10,
    limit: 200,
  },
};

export const drawnDigitsEntry: Entry = {
  id: 'text-to-digits',
  paradigm: 'conditional GAN',
  title: 'Write a digit from its word',
  question: 'Are drawings of a word right, and do they differ as handwriting does?',
  run: runDrawnDigits,
};

async function runDrawnDigits(context: EntryContext): Promise<EntryOutcome> {
  const { preset, seed, shuffle, dataFolder } = context;
  const { size, width, latentDimension, steps, batchSize, judge: ofJudge, drawsPerWord, limit } = settings[preset];
  const { train, test } = await mnist({ data: dataFolder });
  const count = Math.min(train.count, limit);
  const labels = train.labels.subarray(0, count);
  const pictureOf = (index: number) => digitAt(train, index, size);
  const follow = context.follow('judge', ofJudge.steps);
  const judge = await digitJudge(pictureOf, labels, { size, ...ofJudge }, { seed, follow });

  const tokenizer = wordTokenizer({ corpus: [...digitNames] });
  const text = bagEncoder({ tokenizer, dimension: 32, maximumLength: 2, seed });
  const words = await text.prepare([...digitNames]);
  const vectors = tf.tidy(() => text.encode(words));
  const conditions = await vectors.array();
  const gan = conditionalGan({ conditionDimension: 32, latentDimension, size, channels: 1, width, seed });
  // Control: every picture is shown under the word of another, the same one throughout.
  const told = shuffle ? new Random(seed).fork('control').shuffle([...labels]) : labels;
  const data = batchesOf<ConditionalGanBatch>(
    count,
    (indices) => ({
      real: tensorOf(indices.map(pictureOf)),
      condition: tf.tensor2d(indices.map((index) => conditions[told[index]!]!)),
    }),
    { batchSize, seed },
  );

  const asked = Array.from({ length: 10 * drawsPerWord }, (_, row) => row % 10);
  const real = realOfEach(test, drawsPerWord, size);
  const ofReal = await judge.look(real);
  const realAccuracy = (await classifierConsistency(ofReal.scores, asked)).accuracy;
  const realPixels = flat(real);
  const distances = {
    pixels: await intraClassDistance(realPixels, asked),
    features: await intraClassDistance(ofReal.features, asked),
  };
  const assess = async () => {
    const rows = tf.tidy(() => tf.gather(vectors, tf.tensor1d(asked, 'int32')));
    const drawn = gan.generate(rows, { random: new Random(seed).fork('judged') }) as tf.Tensor4D;
    const pictures = await imagesOf(drawn);
    const { scores, features } = await judge.look(pictures);
    const { accuracy, chance } = await classifierConsistency(scores, asked);
    const pixels = flat(pictures);
    const result = {
      accuracy,
      chance,
      pixels: (await intraClassDistance(pixels, asked)) / distances.pixels,
      features: (await intraClassDistance(features, asked)) / distances.features,
      recall: (await manifoldMetrics(ofReal.features, features, { neighbours: 5 })).recall,
      distance: await frechetDistance(ofReal.features, features),
    };
    tf.dispose([rows, drawn, scores, features, pixels]);
    return result;
  };
  const untrained = await assess();
  const step = ganStep(gan);
  const history = await fit(step, data, { steps, ...context.follow('text to digits', steps) });
  step.applyAverages();
  const trained = await assess();

  const random = new Random(seed).fork('figures');
  const draw = async (rows: tf.Tensor2D, options: { noise?: tf.Tensor2D; truncation?: number }) => {
    const drawn = gan.generate(rows, { random, ...options }) as tf.Tensor4D;
    const pictures = await Promise.all((await imagesOf(drawn)).map(pngOf));
    drawn.dispose();
    return pictures;
  };
  const noise = tf.tidy(() =>
    tf.tensor2d(
      Float32Array.from({ length: latentDimension }, () => random.normal()),
      [1, latentDimension],
    ),
  );
  const columns = Array.from({ length: 10 }, (_, column) => column);
  const drawings: { label: string; pictures: Uint8Array[] }[] = [];
  const between: { label: string; pictures: Uint8Array[] }[] = [];
  for (const [digit, name] of digitNames.entries()) {
    const own = tf.tile(tf.slice(vectors, digit, 1), [columns.length, 1]) as tf.Tensor2D;
    drawings.push({ label: name, pictures: await draw(own, {}) });
    own.dispose();
  }
  for (const [from, to] of [
    [0, 6],
    [1, 7],
    [3, 8],
  ] as const) {
    const line = tf.tidy(() =>
      interpolateConditions(tf.slice(vectors, from, 1), tf.slice(vectors, to, 1), { steps: columns.length }),
    );
    between.push({ label: `${digitNames[from]} to ${digitNames[to]}`, pictures: await draw(line, { noise }) });
    line.dispose();
  }
  const usual: { label: string; pictures: Uint8Array[] }[] = [];
  for (const truncation of [0.3, 0.7, Number.POSITIVE_INFINITY]) {
    const own = tf.tile(tf.slice(vectors, 4, 1), [columns.length, 1]) as tf.Tensor2D;
    usual.push({ label: `noise up to ${truncation}`, pictures: await draw(own, { truncation }) });
    own.dispose();
  }
  const realRows = digitNames.slice(0, 5).map((name, digit) => ({
    label: `real ${name}`,
    pictures: columns.map((column) => real[column * 10 + digit]!),
  }));
  const figures: EntryOutcome['figures'] = [
    {
      kind: 'pictures',
      title: 'Drawings',
      caption: 'Ten drawings of each word, from different noise.',
      rows: drawings,
    },
    {
      kind: 'pictures',
      title: 'Real digits',
      caption: 'Of writers that were not in training.',
      rows: await Promise.all(
        realRows.map(async ({ label, pictures }) => ({ label, pictures: await Promise.all(pictures.map(pngOf)) })),
      ),
    },
    { kind: 'pictures', title: 'Between two words', caption: 'The same noise in each row.', rows: between },
    { kind: 'pictures', title: 'Truncated noise', caption: 'The less extreme the noise, the more alike.', rows: usual },
    {
      kind: 'curves',
      title: 'How far drawings of one word differ',
      xLabel: 'step',
      yLabel: 'by the measure of real pictures',
      series: [{ name: 'diversity', points: trainingCurve(history, 'generator/diversity') }],
    },
  ];
  judge.dispose();
  step.dispose();
  gan.dispose();
  tf.dispose([vectors, words, ofReal, realPixels, noise]);
  const row = (metric: string, name: 'pixels' | 'features' | 'recall' | 'accuracy', chance: number | null): Row => ({
    metric,
    better: 'higher',
    chance,
    untrained: untrained[name],
    value: trained[name],
    published: null,
  });
  return {
    rows: [
      row('right digit, by a separate classifier', 'accuracy', trained.chance),
      row('diversity within a word, share of that of real digits: pixels', 'pixels', 0),
      row("diversity within a word, share of that of real digits: the classifier's features", 'features', 0),
      row('recall of real digits (5 neighbours in features)', 'recall', 0),
      {
        metric: "Fréchet distance in the classifier's features",
        better: 'lower',
        chance: null,
        untrained: untrained.distance,
        value: trained.distance,
        published: null,
      },
    ],
    summary:
      `Ten words, ${size}x${size} pixels. A classifier that saw real digits only looks at ${drawsPerWord} drawings of each word (of real ones of ` +
      `other writers it names ${Math.round(100 * realAccuracy)} of 100 rightly). A generator that draws one picture per word satisfies it too: hence the ` +
      'diversity, the mean distance of two drawings of one word divided by that of two real pictures. An untrained generator differs ' +
      'much, in nothing that is a digit.',
    facts: {
      'Training pictures': count,
      'Drawings per word': drawsPerWord,
      Steps: steps,
      'Steps per second': history.stepsPerSecond.toFixed(1),
    },
    figures,
  };
}

/** A picture of MNIST, from 0 to 1: with a border of two pixels it has 32 a side, and fewer are means of squares. */
function digitAt({ images, height, width }: LabelledImages, index: number, size: number): Image {
  const factor = 32 / size;
  const data = new Float32Array(size * size);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const place = Math.floor((y + 2) / factor) * size + Math.floor((x + 2) / factor);
      data[place]! += images[(index * height + y) * width + x]! / 255 / factor ** 2;
    }
  }
  return { data, shape: [size, size, 1] };
}

/** Real pictures of the digits 0 to 9, over and over. */
function realOfEach(digits: LabelledImages, times: number, size: number): Image[] {
  const places = Array.from({ length: 10 }, (): number[] => []);
  digits.labels.forEach((label, index) => {
    places[label]!.push(index);
  });
  return Array.from({ length: 10 * times }, (_, row) =>
    digitAt(digits, places[row % 10]![Math.floor(row / 10)]!, size),
  );
}

function tensorOf(pictures: readonly Image[]): tf.Tensor4D {
  const [height, width, channels] = pictures[0]!.shape;
  return tf.tidy(() => tf.reshape(flat(pictures), [pictures.length, height, width, channels]));
}

/** [pictures, values] */
function flat(pictures: readonly Image[]): tf.Tensor2D {
  return tf.tidy(() => tf.stack(pictures.map(({ data }) => tf.tensor1d(Float32Array.from(data)))) as tf.Tensor2D);
}
