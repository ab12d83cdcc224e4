import { openMojiCorpus } from '../../data/corpus.js';
import type { Emoji, Style } from '../../data/openmoji.js';
import type { Entry, EntryContext, EntryOutcome, Row } from '../entry.js';
import { decodePictures, pngOf } from '../shared/images.js';
import { cutOffsFor, exampleRows } from '../shared/retrieval.js';
import { styleFigures } from './figures.js';
import { type StyleMethod, styleMethods } from './methods.js';
import { styleSettings } from './settings.js';
import { type StyledPictures, type StyleOutcome, trainStyle } from './train-style.js';

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
  const settings = styleSettings[preset];
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
    context.kept(label, () =>
      trainStyle(method, corpus, { source, target: lines }, settings, {
        ...{ seed, shuffle },
        follow: (steps) => context.follow(label, steps),
      }),
    );
  const plain = await train('plain', colour);
  const results = new Map<string, StyleOutcome>([
    ['plain dual encoder', plain],
    ['plain, normalised by line drawings', { ...plain, target: plain.targetStatistics }],
  ]);
  for (const method of Object.keys(styleMethods) as StyleMethod[]) results.set(method, await train(method, colour));
  results.set('trained on named line drawings', await train('plain', lines, 'trained on target'));

  const widest = cutOffsFor(corpus.test.length).at(-1)!;
  const metric = (method: string) => `recall@${widest}, words to line drawings, ${method}`;
  const shown = exampleRows(corpus.test.length, 12);
  return {
    rows: [...results].map(
      ([method, { target, untrained, chance }]): Row => ({
        metric: metric(method),
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
    ].map(metric),
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
      ...styleFigures(results, { test: corpus.test, widest }),
    ],
  };
}
