import type { Entry, EntryContext, EntryOutcome, Row } from '../entry.js';
import { groupNames } from '../shared/groups.js';
import { pngOf } from '../shared/images.js';
import { exampleRows } from '../shared/retrieval.js';
import { stylesFigures } from './figures.js';
import { type Method, methods } from './methods.js';
import { stylesSettings } from './settings.js';
import { drawnStyles } from './style-pictures.js';
import { type HeldOutOutcome, type HeldOutOutcomes, trainHeldOut } from './train-held-out.js';

export const stylesEntry: Entry = {
  id: 'styles',
  paradigm: 'domain adaptation and generalisation',
  title: 'The same concepts drawn by several hands: one hand is left out',
  question: 'Does a classifier of emojis read a style that it has no labels of, or that it never saw?',
  run: runStyles,
};

async function runStyles(context: EntryContext): Promise<EntryOutcome> {
  const { preset, seed, shuffle } = context;
  const settings = stylesSettings[preset];
  const { styles, corpus } = await drawnStyles(context, context.styles, settings);
  const results = new Map<string, HeldOutOutcomes>();
  for (const heldOut of styles) {
    const sources = styles.filter((style) => style !== heldOut);
    const train = (method: Method | undefined, label: string) =>
      // Names of all styles: with another style among the sources it is another training.
      context.kept(`${styles.map(({ name }) => name).join(' ')}, ${heldOut.name} left out, ${label}`, () =>
        trainHeldOut(method, { sources, heldOut }, settings, {
          ...{ seed, shuffle },
          follow: context.follow(`${heldOut.name}: ${label}`, settings.steps),
        }),
      );
    const outcomes = new Map<string, HeldOutOutcome>();
    for (const method of Object.keys(methods) as Method[]) {
      // Across the styles of the source: there must be two.
      if (method.startsWith('generalised') && sources.length < 2) continue;
      outcomes.set(method, await train(method, method));
    }
    outcomes.set('trained on it', await train(undefined, 'trained on it'));
    results.set(heldOut.name, outcomes);
  }

  const { labels } = styles[0]!.test;
  const frequency = groupNames.map((_, index) => labels.filter((label) => label === index).length);
  const chance = Math.max(...frequency) / labels.length;
  const shown = exampleRows(corpus.test.length, 12);
  const metric = (style: string, method: string) => `accuracy on ${style}, ${method}`;
  return {
    rows: [...results].flatMap(([style, outcomes]) =>
      [...outcomes].map(
        ([method, { target, untrained }]): Row => ({
          metric: metric(style, method),
          better: 'higher',
          ...{ chance, untrained },
          value: target,
          published: null,
        }),
      ),
    ),
    headline: [...results.keys()]
      .slice(1, 3)
      .flatMap((style) => ['source only', 'adapted by DANN with confusion'].map((method) => metric(style, method))),
    summary:
      'Each style is left out once: a classifier of eight groups learns from labelled pictures of the others and is judged on test concepts, which it ' +
      'saw in no style, as the style that was left out draws them. It never sees that style (source only, generalised), sees its pictures without ' +
      'labels (adapted), or learns from its labels alone (trained on it). Chance is the share of the largest group.',
    facts: {
      Styles: styles.map(({ name }) => name).join(', '),
      'Training concepts': `${corpus.train.length}, drawn in every style`,
      'Test concepts': corpus.test.length,
      Steps: settings.steps,
      'Pictures in a batch': `${settings.batchSize} of the source, divided among its styles; as many of the style that is adapted to`,
      ...Object.fromEntries(
        [...results].map(([style, outcomes]) => [
          `Accuracy on the other styles, ${style} left out`,
          [...outcomes].map(([method, { source }]) => `${source.toFixed(3)} ${method}`).join(', '),
        ]),
      ),
    },
    figures: [
      {
        kind: 'pictures',
        title: 'The styles',
        caption: 'The same test concepts.',
        rows: await Promise.all(
          styles.map(async ({ name, test }) => ({
            label: name,
            pictures: await Promise.all(shown.map((row) => pngOf(test.images[row]!))),
          })),
        ),
      },
      ...stylesFigures(results, { labels, chance }),
    ],
  };
}
