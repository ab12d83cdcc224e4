import { openMojiCorpus } from '../../data/corpus.js';
import type { Emoji, Style } from '../../data/openmoji.js';
import { alignmentSettings } from '../alignment/model.js';
import type { Entry, EntryContext, EntryOutcome, Row } from '../entry.js';
import { trainingCurve } from '../shared/curve.js';
import { decodePictures, pngOf } from '../shared/images.js';
import { cutOffsFor, exampleRows } from '../shared/retrieval.js';
import { type StyleMethod, styleMethods } from './methods.js';
import { type StyledPictures, type StyleRecalls, trainStyle } from './train-style.js';

export const styleRetrievalEntry: Entry = {
  id: 'style-retrieval',
  paradigm: 'contrastive and adversarial training combined',
  title: 'Find line drawings by their names, when only colour pictures had names',
  question:
    'Does a dual encoder find pictures of another style better when it is also adapted to it, and is it the adversary that helps?',
  run: runStyleRetrieval,
};

async function runStyleRetrieval(context: EntryContext): Promise<EntryOutcome> {
  const { preset, seed, shuffle, openmoji } = context;
  const settings = alignmentSettings[preset];
  const corpus = openMojiCorpus(openmoji, { limit: settings.limit });
  const load = async (style: Style): Promise<StyledPictures> => {
    const of = async (emojis: readonly Emoji[]) =>
      decodePictures(
        await context.pictures(
          emojis.map(({ hexcode }) => hexcode),
          style,
        ),
        settings,
      );
    return { train: await of(corpus.train), test: await of(corpus.test) };
  };
  const [colour, lines] = [await load('color'), await load('black')];
  const train = (method: StyleMethod | 'plain', source: StyledPictures, label: string = method) =>
    trainStyle(method, corpus, { source, target: lines }, settings, {
      ...{ seed, shuffle },
      follow: (steps) => context.follow(label, steps),
    });
  const results = new Map<string, StyleRecalls>([['plain dual encoder', await train('plain', colour)]]);
  for (const method of Object.keys(styleMethods) as StyleMethod[]) results.set(method, await train(method, colour));
  results.set('trained on named line drawings', await train('plain', lines, 'trained on target'));

  const widest = cutOffsFor(corpus.test.length).at(-1)!;
  const control = results.get('the same batches, lambda 0')!;
  const adversarial = results.get('contrastive + adversarial')!;
  const shown = exampleRows(corpus.test.length, 12);
  return {
    rows: [...results].map(
      ([method, { target, untrained, chance }]): Row => ({
        metric: `recall@${widest}, words to line drawings, ${method}`,
        better: 'higher',
        ...{ chance, untrained },
        value: target,
        published: null,
      }),
    ),
    headline: [
      'plain dual encoder',
      'the same batches, lambda 0',
      'contrastive + adversarial',
      'contrastive + MMD',
    ].map((method) => `recall@${widest}, words to line drawings, ${method}`),
    summary:
      'A dual encoder learns from named colour pictures; line drawings of the same emojis, in an order of their own, come without names. ' +
      'Asked are names of emojis that were in neither. With lambda 0 the line drawings only pass through the batch normalisation: what is above ' +
      'the plain dual encoder, but not above that, is not the doing of the adversary or the distance.',
    facts: {
      'Training pictures': `${corpus.train.length} per style`,
      'Test emojis': corpus.test.length,
      Epochs: settings.epochs,
      ...Object.fromEntries(
        [...results].map(([method, { source }]) => [
          `Recall@${widest} on colour pictures, ${method}`,
          source.toFixed(3),
        ]),
      ),
    },
    figures: [
      {
        kind: 'pictures',
        title: 'The two styles',
        caption: 'Test emojis: with names in training above, without below.',
        rows: await Promise.all(
          [colour, lines].map(async ({ test }) => ({
            pictures: await Promise.all(shown.map((row) => pngOf(test[row]!))),
          })),
        ),
      },
      {
        kind: 'bars',
        title: `Recall@${widest}, words to line drawings`,
        caption: 'Held-out emojis.',
        maximum: 1,
        bars: [
          { name: 'chance', value: control.chance },
          ...[...results].map(([name, { target }]) => ({ name, value: target, emphasis: name in styleMethods })),
        ],
      },
      {
        kind: 'curves',
        title: 'How often the style is told',
        xLabel: 'step',
        yLabel: 'share right',
        share: true,
        series: [
          { name: 'lambda 0', points: trainingCurve(control.history, 'domainAccuracy/image') },
          { name: 'adversarial', points: trainingCurve(adversarial.history, 'domainAccuracy/image') },
        ],
        references: [{ name: 'cannot tell', y: 0.5 }],
      },
    ],
  };
}
