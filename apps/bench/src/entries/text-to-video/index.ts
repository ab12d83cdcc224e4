import { Random } from '@crossmodal/core';
import { mnist } from '@crossmodal/core/data/sets';
import { fit } from '@crossmodal/core/train';
import { type ConditionalGanBatch, conditionalGan, ganStep } from '@crossmodal/gan';
import * as tf from '@tensorflow/tfjs-core';
import {
  captionOf,
  type Direction,
  digitNames,
  type MovingDigit,
  movingDigits,
  opposite,
} from '../../data/moving-digits.js';
import type { Settings } from '../../presets.js';
import type { Entry, EntryContext, EntryOutcome, Row } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { trainingCurve } from '../shared/curve.js';
import { animationOf } from '../shared/images.js';
import { ClipValues } from './clips.js';
import { type ClipJudgeSettings, clipJudge } from './judges.js';

export interface TextToVideoSettings {
  frames: number;
  /** Height and width of the field. */
  size: number;
  clips: number;
  testClips: number;
  latentDimension: number;
  width: number;
  steps: number;
  batchSize: number;
  judge: ClipJudgeSettings;
  /** Clips that are made of each caption. */
  takes: number;
}

const settings: Settings<TextToVideoSettings> = {
  quick: {
    ...{
      frames: 6,
      size: 32,
      clips: 12000,
      testClips: 500,
      latentDimension: 32,
      width: 16,
      steps: 5000,
      batchSize: 32,
    },
    ...{ judge: { channels: [16, 32, 64], steps: 400, batchSize: 64 }, takes: 10 },
  },
  smoke: {
    ...{ frames: 3, size: 16, clips: 200, testClips: 16, latentDimension: 4, width: 4, steps: 3, batchSize: 8 },
    ...{ judge: { channels: [4, 8], steps: 3, batchSize: 8 }, takes: 1 },
  },
};

const directions = Object.keys(opposite) as Direction[];

/** Four of the forty captions, which training does not have. */
const isNew = ({ digit, direction }: Pick<MovingDigit, 'digit' | 'direction'>): boolean =>
  digit === 2 * directions.indexOf(direction) + 1;

export const textToVideoEntry: Entry = {
  id: 'text-to-video',
  paradigm: 'conditional generation, video',
  title: 'Make a clip of words',
  question: 'Do judges that know nothing of the model see the digit and the direction that words asked for?',
  run: (context) => runTextToVideo(context),
};

/** Trains a conditional GAN of clips, whose condition are the words of the caption, and has its clips judged. */
export async function runTextToVideo(
  context: EntryContext,
  own: TextToVideoSettings = settings[context.preset],
): Promise<EntryOutcome> {
  const { seed, dataFolder, shuffle, follow } = context;
  const { frames, size, batchSize, steps, latentDimension, width } = own;
  const { train, test } = await mnist({ data: dataFolder });
  const all = movingDigits(train, { count: own.clips, frames, size, seed });
  const training = all.filter((clip) => !isNew(clip));
  const clips = ClipValues.of(training);
  const judges = {
    digit: await judgeOf('digit', all, own, context),
    direction: await judgeOf('direction', all, own, context),
  };
  const look = async (some: ClipValues) => {
    const [digits, ways] = [await judges.digit.look(some), await judges.direction.look(some)];
    return digits.map((digit, i) => ({ digit, direction: directions[ways[i]!]! }));
  };
  const real = movingDigits(test, { count: own.testClips, frames, size, seed: seed + 1 });
  const judged = rightOf(await look(ClipValues.of(real)), real);

  const words = [...digitNames, ...directions];
  // The frames of a clip are the channels of one picture.
  const gan = conditionalGan({
    conditionDimension: words.length,
    latentDimension,
    size,
    channels: frames,
    width,
    seed,
  });
  const asked = digitNames.flatMap((_, digit) =>
    directions.flatMap((direction) => Array.from({ length: own.takes }, () => ({ digit, direction }))),
  );
  const made = async () => {
    const condition = wordRows(
      asked.map(({ digit, direction }) => captionOf(digit, direction)),
      words,
    );
    const random = new Random(seed).fork('clips');
    const tensor = tf.tidy(() => gan.generate(condition, { random }));
    const values = (await tensor.data()) as Float32Array;
    tf.dispose([condition, tensor]);
    return new ClipValues(values.slice(), clips);
  };
  const untrained = rightOf(await look(await made()), asked);
  // Control: in training every clip has the words of another.
  const said = training.map(({ caption }) => caption);
  const captions = shuffle ? new Random(seed).fork('control').shuffle(said) : said;
  const data = batchesOf<ConditionalGanBatch>(
    training.length,
    (indices, random) => {
      const told = indices.map((index) => captions[index]!);
      return {
        real: clips.rows(indices, [size, size, frames]),
        condition: wordRows(told, words),
        // Of captions of other clips the direction alone tells that they do not fit: nothing would be learned of digits.
        mismatched: wordRows(
          told.map((caption) => withOneOtherWord(caption, random)),
          words,
        ),
      };
    },
    { batchSize, seed },
  );
  const step = ganStep(gan);
  const history = await fit(step, data, { steps, ...follow('clips', steps) });
  step.applyAverages();
  const generated = await made();
  const seen = await look(generated);
  const familiar = rightOf(seen, asked, (one) => !isNew(one));
  const fresh = rightOf(seen, asked, isNew);
  step.dispose();
  gan.dispose();
  judges.digit.dispose();
  judges.direction.dispose();
  const row = (metric: string, chance: number, value: number, start: number): Row => ({
    ...{ metric, better: 'higher', chance, untrained: start, value, published: null },
  });
  const shown = digitNames.map((_, digit) => ({ digit, direction: directions[digit % 4]! }));
  return {
    rows: [
      row('digit is seen', 0.1, familiar.digit, untrained.digit),
      row('direction is seen', 0.25, familiar.direction, untrained.direction),
      row('both are seen', 0.025, familiar.both, untrained.both),
      row('both are seen, captions that were never said in training', 0.025, fresh.both, untrained.both),
    ],
    summary:
      `A conditional GAN makes clips of ${frames} frames, all at once, of the words of a caption and noise. Two classifiers ` +
      'that were trained on real clips alone say which digit they see and where it moves. Four of the forty captions were left out of ' +
      'training.',
    facts: {
      'Training clips': training.length,
      'Judged clips': asked.length,
      'Judges, real clips of the test': `${judged.digit.toFixed(3)} digit, ${judged.direction.toFixed(3)} direction`,
      'Captions never said in training, digit and direction': `${fresh.digit.toFixed(3)}, ${fresh.direction.toFixed(3)}`,
      Steps: history.records.length,
      'Steps per second': history.stepsPerSecond.toFixed(1),
    },
    figures: [
      {
        kind: 'curves',
        title: 'How far clips of one caption differ',
        xLabel: 'step',
        yLabel: 'by the measure of real clips',
        series: [{ name: 'diversity', points: trainingCurve(history, 'generator/diversity') }],
      },
      {
        kind: 'pictures',
        title: 'What the model makes.',
        caption: 'The first clip of each caption, not picked by hand.',
        rows: await Promise.all(
          shown.map(async (one) => {
            const at = asked.findIndex(({ digit, direction }) => digit === one.digit && direction === one.direction);
            const pictures = generated.pictures(at);
            return {
              label: `${captionOf(one.digit, one.direction)}${isNew(one) ? ' (never said in training)' : ''}`,
              pictures: [await animationOf(pictures)],
            };
          }),
        ),
      },
    ],
  };
}

function judgeOf(
  what: 'digit' | 'direction',
  clips: readonly MovingDigit[],
  { judge }: TextToVideoSettings,
  { seed, follow }: EntryContext,
) {
  const labels = clips.map((clip) => (what === 'digit' ? clip.digit : directions.indexOf(clip.direction)));
  // Other seeds than the generator's: they have nothing in common.
  const run = { seed: seed + (what === 'digit' ? 1000 : 2000), label: `judge of the ${what}`, follow };
  return clipJudge(ClipValues.of(clips), labels, what === 'digit' ? 10 : 4, judge, run);
}

/** The caption with another digit or, every fourth time, another direction. */
function withOneOtherWord(caption: string, random: Random): string {
  const [digit, verb, direction] = caption.split(' ') as [string, string, Direction];
  const other = <T>(all: readonly T[], own: T): T => {
    const rest = all.filter((one) => one !== own);
    return rest[random.integer(rest.length)]!;
  };
  return random.uniform() < 0.75
    ? [other<string>(digitNames, digit), verb, direction].join(' ')
    : [digit, verb, other(directions, direction)].join(' ');
}

/** Which words each caption has: [captions, words]. */
function wordRows(captions: readonly string[], words: readonly string[]): tf.Tensor2D {
  return tf.tensor2d(
    captions.map((caption) => {
      const own = new Set(caption.split(' '));
      return words.map((word) => Number(own.has(word)));
    }),
  );
}

type Shown = Pick<MovingDigit, 'digit' | 'direction'>;

/** Shares of clips in which the judges see what was asked for. */
function rightOf(seen: readonly Shown[], asked: readonly Shown[], counts: (one: Shown) => boolean = () => true) {
  const pairs = asked.flatMap((one, i) => (counts(one) ? [{ one, saw: seen[i]! }] : []));
  const share = (isRight: (pair: (typeof pairs)[number]) => boolean) =>
    pairs.filter(isRight).length / Math.max(1, pairs.length);
  const digit = ({ one, saw }: (typeof pairs)[number]) => one.digit === saw.digit;
  const direction = ({ one, saw }: (typeof pairs)[number]) => one.direction === saw.direction;
  return { digit: share(digit), direction: share(direction), both: share((p) => digit(p) && direction(p)) };
}
