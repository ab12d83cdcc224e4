import type { Emoji } from '../../data/openmoji.js';
import type { Figure } from '../../report/figure.js';
import { groupNames, groupOf } from '../shared/groups.js';
import { styleMethods } from './methods.js';
import type { StyleOutcome } from './train-style.js';

/** What the report shows of the trainings, besides the pictures. */
export function styleFigures(
  results: ReadonlyMap<string, StyleOutcome>,
  { test, widest }: { test: readonly Emoji[]; widest: number },
): Figure[] {
  const control = results.get('the same batches, lambda 0')!;
  const adversarial = results.get('contrastive + adversarial')!;
  // One number per training; "normalised by line drawings" is the same training as plain.
  const trainings = [...results].filter(([name]) => name !== 'plain, normalised by line drawings').slice(0, 5);
  return [
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
        { name: 'lambda 0', points: control.domainAccuracy },
        { name: 'adversarial', points: adversarial.domainAccuracy },
      ],
      references: [{ name: 'cannot tell', y: 0.5 }],
    },
    {
      kind: 'curves',
      title: 'Proxy A-distance between the styles of the test emojis',
      xLabel: 'step',
      yLabel: 'proxy A-distance',
      series: trainings.map(([name, { distance }]) => ({ name, points: distance })),
      references: [{ name: 'alike', y: 0 }],
    },
    {
      kind: 'curves',
      title: `Recall@${widest}, words to line drawings, on the way`,
      xLabel: 'step',
      yLabel: 'recall',
      series: trainings.map(([name, { recall }]) => ({ name, points: recall })),
      references: [{ name: 'chance', y: control.chance }],
    },
    {
      kind: 'confusion',
      title: 'Contrastive + adversarial: the line drawing found first, by group',
      caption: 'Rows: the group of the emoji asked for. Columns: that of the drawing found, in per cent.',
      classes: [...groupNames],
      counts: adversarial.confusion,
    },
    ...(['the same batches, lambda 0', 'contrastive + adversarial'] as const).flatMap((name) =>
      maps(name, results.get(name)!, test),
    ),
  ];
}

/** Embeddings of the test pictures on their two main directions: by style, and the line drawings by group. */
function maps(name: string, { map }: StyleOutcome, test: readonly Emoji[]): Figure[] {
  const series = groupNames
    .map((group, number) => ({ name: group, points: map.target.filter((_, row) => groupOf(test[row]!) === number) }))
    .sort((a, b) => b.points.length - a.points.length)
    .slice(0, 6); // as many as there are colours
  return [
    {
      kind: 'scatter',
      title: `Embeddings by style: ${name}`,
      caption: 'The same test emojis in both styles, on the two main directions of the embeddings.',
      series: [
        { name: 'colour', points: map.source },
        { name: 'line drawings', points: map.target },
      ],
    },
    {
      kind: 'scatter',
      title: `Embeddings of line drawings by group: ${name}`,
      caption: 'The six largest groups of the test emojis.',
      series,
    },
  ];
}
