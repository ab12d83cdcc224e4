import { dualEncoder, exactIndex, type RetrievalMetrics, retrievalMetrics } from '@crossmodal/alignment';
import { type Encoder, Random } from '@crossmodal/core';
import { adamW } from '@crossmodal/core/optimisers';
import { cosine, linearWarmup } from '@crossmodal/core/schedules';
import { lora } from '@crossmodal/core/tuning';
import { bagEncoder, wordTokenizer } from '@crossmodal/encoders-text';
import * as tf from '@tensorflow/tfjs-core';
import { pictureEncoder } from '../alignment/picture-encoder.js';
import type { EntryContext } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { decodePictures } from '../shared/images.js';
import { exampleRows } from '../shared/retrieval.js';
import { trainToEnd } from '../shared/train.js';
import type { Captioned, Task } from './tasks.js';
import { columnsOf, pictureVectors, standardized, textTower, textVectors, vectorEncoder } from './towers.js';

export interface PretrainedSettings {
  limit: number;
  /** Of the projections. */
  epochs: number;
  /** Of the low-rank adaptations; 0 leaves them as they begin, which changes nothing. */
  loraEpochs: number;
  /** Of the model that begins with nothing. */
  scratchEpochs: number;
  batchSize: number;
  dimension: number;
}

/** A caption, the places of the pictures that have it, and what was found for it. */
export interface Example {
  caption: string;
  right: readonly number[];
  /** Of the first picture that has the caption, from 1. */
  rank: number;
  /** The nearest pictures, best first. */
  first: readonly number[];
}

export type Recalls = Record<'words to pictures' | 'pictures to words', RetrievalMetrics> & {
  examples: readonly Example[];
};

type Model = ReturnType<typeof dualEncoder<'image' | 'text'>>;

/** Trains projections behind locked towers, then low-rank adaptations of the text tower beside them. */
export async function tuned(
  context: EntryContext,
  task: Task,
  { epochs, loraEpochs, batchSize, dimension }: PretrainedSettings,
) {
  const { seed, models, cacheFolder, progress } = context;
  const text = await textTower(models);
  const all = [...task.train, ...task.test];
  const pictures = await pictureVectors(
    models,
    all.map(({ picture }) => picture),
    { cacheFolder, progress: (done) => progress(`${task.name}: ${done} of ${all.length} pictures through the tower`) },
  );
  const texts = await textVectors(
    text,
    all.flatMap(({ captions }) => captions),
  );
  const trainPictures = pictures.slice(0, task.train.length);
  const testPictures = pictures.slice(task.train.length);
  const columns = {
    image: columnsOf(trainPictures),
    text: columnsOf(task.train.flatMap(({ captions }) => captions).map((caption) => texts.get(caption)!)),
  };
  const image = standardized(vectorEncoder('image', pictures[0]!.length), columns.image);
  const remembered = standardized(vectorEncoder('text', text.dimension), columns.text);
  const model: Model = dualEncoder({
    encoders: { image, text: remembered } as Record<'image' | 'text', Encoder>,
    dimension,
    seed,
  });
  const vectorOf = (caption: string) => texts.get(caption)!;
  const measure = (of: Model, items: (captions: readonly string[]) => readonly unknown[]) =>
    recalls(of, task.test, testPictures, items);
  const untrained = await measure(model, (captions) => captions.map(vectorOf));
  const prepareRemembered = (captions: readonly string[]) => remembered.prepare(captions.map(vectorOf));
  const first = await timed(() =>
    trainPairs(context, model, task, {
      ...{ label: `${task.name}: projections`, epochs, batchSize, learningRate: 1e-3 },
      prepare: async (indices, captions) => ({
        image: await image.prepare(indices.map((i) => trainPictures[i]!)),
        text: await prepareRemembered(captions),
      }),
    }),
  );
  const projections = await measure(model, (captions) => captions.map(vectorOf));
  const projectionValues = sizeOf(model.trainableVariables());

  const adapted = lora(text, { rank: 8, seed });
  const live: Model = dualEncoder({
    encoders: { image, text: standardized(text, columns.text) } as Record<'image' | 'text', Encoder>,
    dimension,
    seed,
  });
  const start = model.namedVariables();
  for (const [name, variable] of Object.entries(live.namedVariables())) if (start[name]) variable.assign(start[name]);
  const second = await timed(() =>
    trainPairs(context, live, task, {
      ...{ label: `${task.name}: LoRA`, epochs: loraEpochs, batchSize, learningRate: 5e-4 },
      prepare: async (indices, captions) => ({
        image: await image.prepare(indices.map((i) => trainPictures[i]!)),
        text: await text.prepare(captions),
      }),
    }),
  );
  const result = {
    untrained,
    projections,
    lora: await measure(live, (captions) => captions),
    durations: [first, second],
    trained: { projections: projectionValues, lora: sizeOf(live.trainableVariables()) },
  };
  adapted.remove();
  for (const one of [model, live]) one.dispose();
  for (const { mean, deviation } of Object.values(columns)) tf.dispose([mean, deviation]);
  return result;
}

/** The small model of the entry `alignment` on the same pairs. */
export async function fromScratch(
  context: EntryContext,
  task: Task,
  { scratchEpochs, batchSize, dimension }: PretrainedSettings,
) {
  const { seed, preset } = context;
  const size = preset === 'smoke' ? 16 : 32;
  const load = (list: readonly Captioned[]) =>
    decodePictures(
      list.map(({ picture }) => picture),
      { size },
    );
  const [trainPictures, testPictures] = [await load(task.train), await load(task.test)];
  const image = pictureEncoder({ size, channels: preset === 'smoke' ? [4, 8] : [24, 48, 96], dropout: 0.3, seed });
  const tokenizer = wordTokenizer({ corpus: task.train.flatMap(({ captions }) => captions), minimumCount: 2 });
  const text = bagEncoder({ tokenizer, dimension: 64, maximumLength: 24, dropout: 0.2, seed });
  const model: Model = dualEncoder({ encoders: { image, text }, dimension: Math.min(64, dimension), seed });
  const measure = () => recalls(model, task.test, testPictures, (captions) => captions);
  const untrained = await measure();
  const duration = await timed(() =>
    trainPairs(context, model, task, {
      ...{ label: `${task.name}: from nothing`, epochs: scratchEpochs, batchSize, learningRate: 5e-3, textDecay: 3 },
      prepare: async (indices, captions, random) => ({
        image: await image.prepare(
          indices.map((i) => trainPictures[i]!),
          { training: true, random },
        ),
        text: await text.prepare(captions),
      }),
    }),
  );
  const trained = await measure();
  const values = sizeOf(model.trainableVariables());
  model.dispose();
  return { untrained, trained, duration, values };
}

type Prepared = Awaited<ReturnType<Encoder['prepare']>>;

/** One training: a caption of each picture at a time; equal captions count as right for each other. */
async function trainPairs(
  { seed, shuffle, follow }: EntryContext,
  model: Model,
  task: Task,
  {
    label,
    epochs,
    batchSize,
    learningRate,
    textDecay = 0.1,
    prepare,
  }: {
    label: string;
    epochs: number;
    batchSize: number;
    learningRate: number;
    textDecay?: number;
    prepare(
      indices: readonly number[],
      captions: readonly string[],
      random: Random,
    ): Promise<{ image: Prepared; text: Prepared }>;
  },
): Promise<void> {
  if (epochs === 0) return;
  // Control: every picture gets the captions of another, the same one throughout.
  const captioned = shuffle ? new Random(seed).fork('control').shuffle(task.train) : task.train;
  const numbers = new Map([...new Set(task.train.flatMap(({ captions }) => captions))].map((text, i) => [text, i]));
  const data = batchesOf(
    task.train.length,
    async (indices, random) => {
      const captions = indices.map((i) => {
        const { captions: own } = captioned[i]!;
        return own[random.integer(own.length)]!;
      });
      const groups = tf.tensor1d(
        captions.map((caption) => numbers.get(caption)!),
        'int32',
      );
      return { ...(await prepare(indices, captions, random)), groups };
    },
    { batchSize, seed },
  );
  const steps = epochs * data.batchesPerEpoch!;
  const optimizer = adamW({
    learningRate: linearWarmup({ steps: steps / 20, to: cosine({ from: learningRate, steps }) }),
    weightDecay: 0.1,
    groups: [
      { match: /^text/, weightDecay: textDecay },
      { match: 'logitScale', weightDecay: 0 },
    ],
  });
  await trainToEnd(model as never, optimizer, data, { epochs, ...follow(label, steps) });
}

/** A picture is right for a caption when the caption is one of its own. */
async function recalls(
  model: Model,
  test: readonly Captioned[],
  pictures: readonly unknown[],
  items: (captions: readonly string[]) => readonly unknown[],
): Promise<Recalls> {
  const captions = [...new Set(test.flatMap((one) => one.captions))];
  const places = new Map(captions.map((caption, i) => [caption, i]));
  const ofPicture = test.map((one) => [...new Set(one.captions)].map((caption) => places.get(caption)!));
  const ofCaption = captions.map((): number[] => []);
  ofPicture.forEach((list, picture) => {
    for (const caption of list) ofCaption[caption]!.push(picture);
  });
  const image = await model.embedItems('image', pictures, { batchSize: 128 });
  const text = await model.embedItems('text', items(captions), { batchSize: 128 });
  try {
    const examples = exampleRows(captions.length, 6);
    const index = exactIndex({ dimension: image.shape[1] });
    await index.upsertRows(
      test.map((_, row) => String(row)),
      image,
    );
    const queries = tf.gather(text, examples);
    const hits = await index.search(queries, { k: test.length });
    queries.dispose();
    return {
      'words to pictures': await retrievalMetrics(text, image, { relevant: ofCaption, k: [1, 10] }),
      'pictures to words': await retrievalMetrics(image, text, { relevant: ofPicture, k: [1, 10] }),
      examples: examples.map((row, i) => {
        const order = hits[i]!.map(({ id }) => Number(id));
        const right = ofCaption[row]!;
        const rank = order.findIndex((picture) => right.includes(picture)) + 1;
        return { caption: captions[row]!, right, rank, first: order.slice(0, 5) };
      }),
    };
  } finally {
    tf.dispose([image, text]);
  }
}

/** Seconds by the clock, and of the processor. */
export interface Duration {
  wall: number;
  processor: number;
}

async function timed(run: () => Promise<void>): Promise<Duration> {
  const [started, before] = [performance.now(), process.cpuUsage()];
  await run();
  const { user, system } = process.cpuUsage(before);
  return { wall: (performance.now() - started) / 1000, processor: (user + system) / 1e6 };
}

const sizeOf = (variables: readonly tf.Variable[]): number => variables.reduce((sum, { size }) => sum + size, 0);
