import { Random } from '@crossmodal/core';
import { type Image, resize } from '@crossmodal/encoders-vision';
import * as tf from '@tensorflow/tfjs-core';
import { type ClipArt, clipArt } from '../../data/clip-art.js';
import { pairEncoder, pairOptimizer } from '../alignment/model.js';
import type { EntryContext } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { type PictureJudgeSettings, pictureJudge } from '../shared/picture-judge.js';
import { trainToEnd } from '../shared/train.js';
import type { DrawingSource, Subjects } from './drawing-data.js';

export interface ClipArtSettings {
  limit: number;
  /** Of the dual encoder whose text vectors are the conditions. */
  texts: { size: number; channels: number[]; dimension: number; epochs: number; batchSize: number };
  judge: PictureJudgeSettings;
}

/** Drawings of the Open Clip Art Library, with text vectors of a dual encoder that is trained on those of training. */
export async function clipArtSource(
  context: EntryContext,
  { size, limit, texts, judge: ofJudge }: ClipArtSettings & { size: number },
): Promise<DrawingSource> {
  const { seed, shuffle, dataFolder } = context;
  const { train, test, groups } = await clipArt({ dataFolder, limit });
  // Control: every picture of the dual encoder's training has the caption of another.
  const captions = train.map(({ caption }) => caption);
  const told = shuffle ? new Random(seed).fork('control').shuffle(captions) : captions;
  const small = train.map(({ image }) => atSize(image, texts.size));
  const { model, image, text } = pairEncoder(texts, { captions, seed });
  const data = batchesOf(
    train.length,
    async (indices, random) => ({
      image: await image.prepare(
        indices.map((index) => small[index]!),
        { training: true, random },
      ),
      text: await text.prepare(indices.map((index) => someWords(told[index]!, random))),
    }),
    { batchSize: Math.min(texts.batchSize, train.length), seed },
  );
  const steps = texts.epochs * data.batchesPerEpoch!;
  await trainToEnd(model, pairOptimizer({ learningRate: 5e-3, steps }), data, {
    epochs: texts.epochs,
    ...context.follow('text vectors', steps),
  });
  const of = async (drawings: readonly ClipArt[]): Promise<Subjects> => {
    const conditions = await model.embedItems(
      'text',
      drawings.map(({ caption }) => caption),
      { batchSize: 128 },
    );
    return {
      items: drawings.map(({ title, caption, group }) => ({ name: title, caption, group: groups.indexOf(group) })),
      images: drawings.map((drawing) => atSize(drawing.image, size)),
      conditions,
      variants: [await conditions.array()],
    };
  };
  const subjects = { train: await of(train), test: await of(test) };
  const dimension = model.dimension;
  model.dispose();

  const judge = await pictureJudge(
    (index) => subjects.train.images[index]!,
    subjects.train.items.map(({ group }) => group),
    ofJudge,
    { classes: groups.length, inputChannels: 3, seed, follow: context.follow('judge', ofJudge.steps) },
  );
  const scores = async (images: readonly Image[]) => {
    const { scores, features } = await judge.look(images);
    features.dispose();
    return scores;
  };
  const real = await scores(subjects.test.images);
  const classes = tf.tidy(() => tf.argMax(real, 1));
  const named = await classes.data();
  tf.dispose([real, classes]);
  const right = subjects.test.items.filter(({ group }, row) => group === named[row]).length;
  return {
    ...subjects,
    dimension,
    groups: groups.length,
    classifier: { accuracy: right / subjects.test.items.length, scores, dispose: () => judge.dispose() },
  };
}

/** Seven of ten words of a caption, others each time. */
function someWords(caption: string, random: Random): string {
  const words = caption.split(' ').filter(() => random.uniform() < 0.7);
  return words.length > 0 ? words.join(' ') : caption;
}

function atSize(image: Image, size: number): Image {
  return image.shape[0] === size ? image : resize(image, { height: size, width: size });
}
