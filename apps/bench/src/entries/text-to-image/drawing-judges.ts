import { Random } from '@crossmodal/core';
import type { Image } from '@crossmodal/encoders-vision';
import { type ConditionalGan, classifierConsistency, intraClassDistance, rPrecision } from '@crossmodal/gan';
import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { pixelRetrieval } from '../hard-vs-soft/pixel-retrieval.js';
import { imagesOf } from '../shared/images.js';
import { exampleRows } from '../shared/retrieval.js';
import type { DrawingSource } from './drawing-data.js';
import type { DrawingSettings } from './settings.js';

/** What judges that never saw a drawing make of some. */
export interface Judgement {
  /** Share of drawings that a classifier puts into the right group. */
  accuracy: number;
  /** Share of the largest group. */
  chance: number;
  /** Share of drawings whose name comes first among the candidates. */
  precision: number;
  /** Mean distance of two drawings of one group, of one name, by the measure of two real pictures of one group. */
  diversity: number;
  withinName: number;
}

/** Judges drawings of test names. */
export interface DrawingJudges {
  /** Of the classifier, on the real pictures of the test names. */
  readonly realAccuracy: number;
  /** Of pictures of the test names, in their order, once or over and over. */
  judge(pictures: readonly Image[]): Promise<Judgement>;
  /** What the GAN draws for the test names. */
  assess(gan: ConditionalGan): Promise<Judgement>;
  dispose(): void;
}

/** Pictures drawn per test name. */
export const drawsPerName = 4;

/** Judges made of real pictures only, which share no weights with the GAN or with the text vectors. */
export async function drawingJudges(
  { train, test, classifier }: DrawingSource,
  { candidates, retrieval: size, seed }: Pick<DrawingSettings, 'candidates' | 'retrieval'> & { seed: number },
): Promise<DrawingJudges> {
  // The judge knows the real pictures of the test names, the generator does not. One that had seen those of training only knew them by
  // heart (.89 of 1 on the real ones, .38 on real ones of test names) and liked a mean of five of them best (.92): copies, not quality.
  const retrieval = await pixelRetrieval(
    [...train.images, ...test.images],
    [...train.items, ...test.items].map(({ caption }) => caption),
    size,
  );
  // Some hundred real pictures say how far those of one group differ.
  const some = exampleRows(train.images.length, Math.min(train.images.length, 400));
  const ofReal = flat(some.map((row) => train.images[row]!));
  const realDistance = await intraClassDistance(
    ofReal,
    some.map((row) => train.items[row]!.group),
  );
  ofReal.dispose();
  const retrieved = async (pictures: readonly Image[]) => {
    const asked = pictures.map((_, index) => test.items[index % test.items.length]!);
    const embedded = retrieval.embedPictures(pictures);
    const texts = retrieval.embedTexts(asked.map(({ caption }) => caption));
    const labels = asked.map(({ name }) => name);
    const { precision } = await rPrecision(embedded, texts, { candidates, labels, seed });
    tf.dispose([embedded, texts]);
    return precision;
  };
  const judge = async (pictures: readonly Image[]): Promise<Judgement> => {
    const classes = pictures.map((_, index) => test.items[index % test.items.length]!.group);
    const names = pictures.map((_, index) => index % test.items.length);
    const scores = await classifier.scores(pictures);
    const every = flat(pictures);
    const { accuracy, chance } = await classifierConsistency(scores, classes);
    // What is alone of its kind, one picture a name, differs from no other.
    const within = async (kinds: number[]) =>
      new Set(kinds).size < kinds.length ? (await intraClassDistance(every, kinds)) / realDistance : 0;
    const [diversity, withinName] = [await within(classes), await within(names)];
    tf.dispose([scores, every]);
    return { accuracy, chance, precision: await retrieved(pictures), diversity, withinName };
  };
  return {
    realAccuracy: classifier.accuracy,
    judge,
    async assess(gan) {
      const repeated = tf.tile(test.conditions, [drawsPerName, 1]) as Tensor2D;
      const drawn = gan.generate(repeated, { random: new Random(seed).fork('judged') }) as Tensor4D;
      const pictures = await imagesOf(drawn);
      tf.dispose([repeated, drawn]);
      return judge(pictures);
    },
    dispose() {
      retrieval.dispose();
      classifier.dispose?.();
    },
  };
}

/** [pictures, values] */
function flat(pictures: readonly Image[]): Tensor2D {
  return tf.tidy(() => tf.stack(pictures.map(({ data }) => tf.tensor1d(Float32Array.from(data)))) as Tensor2D);
}
