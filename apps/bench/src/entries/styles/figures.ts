import type { Figure } from '../../report/figure.js';
import { groupNames } from '../shared/groups.js';
import type { Method } from './methods.js';
import type { HeldOutOutcomes } from './train-held-out.js';

const adapted: Method = 'adapted by DANN with confusion';

/** What the report shows of the trainings, besides the pictures. */
export function stylesFigures(
  results: ReadonlyMap<string, HeldOutOutcomes>,
  { labels, chance }: { labels: readonly number[]; chance: number },
): Figure[] {
  return [...results].flatMap(([style, outcomes]): Figure[] => {
    const { counts, domainAccuracy } = outcomes.get(adapted)!;
    const untaught = [...outcomes].filter(([method]) => method !== 'trained on it');
    return [
      {
        kind: 'bars',
        title: `Accuracy on ${style}, which was left out`,
        caption: 'Test concepts.',
        maximum: 1,
        bars: [
          { name: 'largest group', value: chance },
          ...[...outcomes].map(([name, { target }]) => ({ name, value: target, emphasis: name.startsWith('adapted') })),
        ],
      },
      {
        kind: 'curves',
        title: `How often ${style} is told from the others, DANN with confusion`,
        xLabel: 'step',
        yLabel: 'share right',
        share: true,
        series: [{ name: 'domain classifier', points: domainAccuracy }],
        references: [{ name: 'cannot tell', y: 0.5 }],
      },
      {
        kind: 'curves',
        title: `Proxy A-distance of ${style} from the first of the others`,
        xLabel: 'step',
        yLabel: 'proxy A-distance',
        series: untaught.map(([name, { distance }]) => ({ name, points: distance })),
        references: [{ name: 'alike', y: 0 }],
      },
      {
        kind: 'curves',
        title: `Accuracy on ${style}, on the way`,
        xLabel: 'step',
        yLabel: 'accuracy',
        series: untaught.map(([name, { accuracy }]) => ({ name, points: accuracy })),
        references: [{ name: 'largest group', y: chance }],
      },
      {
        kind: 'confusion',
        title: `DANN with confusion on ${style}`,
        caption: 'Rows: what it is. Columns: what it was taken for, in per cent.',
        classes: [...groupNames],
        counts,
      },
      ...(['source only', adapted] as const).flatMap((method) => maps(style, method, outcomes, labels)),
    ];
  });
}

/** The same test concepts on the two main directions of the features: by style, and those of the style that was left out by group. */
function maps(style: string, method: Method, outcomes: HeldOutOutcomes, labels: readonly number[]): Figure[] {
  const { map } = outcomes.get(method)!;
  const caption = 'The same test concepts, on the two main directions of the features.';
  const byGroup = groupNames
    .map((name, group) => ({ name, points: map.target.filter((_, row) => labels[row] === group) }))
    .sort((a, b) => b.points.length - a.points.length)
    .slice(0, 6); // as many as there are colours
  return [
    {
      kind: 'scatter',
      title: `Features by style, ${style} left out: ${method}`,
      caption,
      series: [
        { name: 'another style', points: map.source },
        { name: style, points: map.target },
      ],
    },
    { kind: 'scatter', title: `Features of ${style} by group: ${method}`, caption, series: byGroup },
  ];
}
