import type { ScoresWithoutLabels } from '@crossmodal/adaptation';
import { CrossmodalError } from '@crossmodal/core';
import type { Entry, EntryContext, EntryOutcome, Row } from '../../entry.js';
import { validationCurve } from '../../shared/curve.js';
import { digitSettings, trainDigits } from '../digits/index.js';
import { openDomain, requireSameClasses } from '../digits/open-domain.js';
import { domainOf } from '../digits/picture-domain.js';
import { dannOfStrength, findMethod, type Method, recipe } from '../methods.js';
import type { MethodResult } from '../train-method.js';

/** Of the reversal, after its rise. */
const strengths = [0, 0.1, 0.3, 1];

/** Name and direction of each criterion. */
const criteria = {
  information: { title: 'information', sign: 1 },
  softNeighbourhoodDensity: { title: 'soft neighbourhood density', sign: 1 },
  entropy: { title: 'entropy', sign: -1 },
  importanceWeightedRisk: { title: 'importance-weighted risk', sign: -1 },
  sourceAccuracy: { title: 'accuracy on the source', sign: 1 },
} as const satisfies Record<keyof ScoresWithoutLabels, { title: string; sign: 1 | -1 }>;
type Criterion = keyof typeof criteria;
const criterionNames = Object.keys(criteria) as Criterion[];

export const adaptationStrengthEntry: Entry = {
  id: 'adaptation-strength',
  paradigm: 'domain adaptation',
  title: 'Choosing how strongly to adapt, without a label of the target',
  question: 'Which criterion without labels chooses the right strength of the reversal, and the right step to stop at?',
  takesDomains: true,
  run: runStrength,
};

async function runStrength(context: EntryContext): Promise<EntryOutcome> {
  const { domains = {}, dataFolder, preset } = context;
  if (domains.methods) {
    throw new CrossmodalError('adaptation-strength: --methods is for digit-adaptation; the candidates here are fixed');
  }
  const own = digitSettings[preset];
  const options = { dataFolder, limit: own.limit };
  const first = await openDomain(domains.source ?? 'mnist', options);
  const second = await openDomain(domains.target ?? 'mnist-m', options);
  requireSameClasses(first, second);
  const [source, target] = [domainOf(first, first.classes), domainOf(second, first.classes)];
  const candidates: [string, Method][] = [
    ...strengths.map((strength): [string, Method] => [`lambda ${strength}`, dannOfStrength(strength)]),
    [recipe, findMethod(recipe)],
  ];
  const results = new Map<string, MethodResult>();
  for (const [label, method] of candidates) {
    const { model, ...result } = await trainDigits(context, own, {
      ...{ method, source, target, label },
      classes: first.classes.length,
    });
    model.dispose();
    results.set(label, result);
  }
  const accuracyOf = (name: string) => results.get(name)!.target.accuracy;
  const oracle = [...results.keys()].reduce((a, b) => (accuracyOf(b) > accuracyOf(a) ? b : a));
  const choices = criterionNames.map((name) => ({ name, choice: chosenBy(name, results) }));
  const row = (metric: string, value: number): Row => ({
    ...{ metric, better: 'higher', chance: 1 / first.classes.length, untrained: null, value, published: null },
  });
  const pair = `${source.name} to ${target.name}`;
  return {
    rows: [
      ...[...results].map(([name, result]) => row(`accuracy, ${pair}, ${name}`, result.target.accuracy)),
      ...choices.map(({ name, choice }) =>
        row(`accuracy, ${pair}, chosen by ${criteria[name].title}`, accuracyOf(choice)),
      ),
    ],
    headline: choices.slice(0, 4).map(({ name }) => `accuracy, ${pair}, chosen by ${criteria[name].title}`),
    summary:
      'The reversal of DANN, at four strengths and without confusion, and the recipe. Each criterion sees the target without its labels, and ' +
      'chooses among them, and among the steps of each at which it was measured.',
    facts: {
      Steps: own.steps,
      'Best in truth': `${oracle} (${accuracyOf(oracle).toFixed(3)})`,
      ...Object.fromEntries(
        choices.map(({ name, choice }) => [
          `Chosen by ${criteria[name].title}`,
          `${choice} (${accuracyOf(choice).toFixed(3)}); values ${[...results].map(([label, { scores }]) => `${label}: ${scores[name].toFixed(3)}`).join(', ')}`,
        ]),
      ),
      ...Object.fromEntries(
        [...results].map(([label, result]) => [`Stopped on the way: ${label}`, stoppedBy(result).join('; ')]),
      ),
    },
    figures: criterionNames.map((name) => ({
      kind: 'curves',
      title: criteria[name].title,
      xLabel: 'step',
      yLabel: criteria[name].title,
      series: [...results].map(([label, { history }]) => ({ name: label, points: validationCurve(history, name) })),
    })),
  };
}

/** The candidate that a criterion likes best at the end. */
function chosenBy(name: Criterion, results: ReadonlyMap<string, MethodResult>): string {
  const value = (label: string) => criteria[name].sign * results.get(label)!.scores[name];
  return [...results.keys()].reduce((a, b) => (value(b) > value(a) ? b : a));
}

/** Accuracy at the step that each criterion likes best, beside the last and the best. */
function stoppedBy({ history }: MethodResult): string[] {
  const accuracies = new Map(validationCurve(history, 'target accuracy'));
  const best = [...accuracies].reduce((a, b) => (b[1] > a[1] ? b : a));
  const last = [...accuracies].at(-1)!;
  const at = ([step, accuracy]: [number, number]) => `${accuracy.toFixed(3)} at step ${step}`;
  return [
    `last ${at(last)}`,
    `best ${at(best)}`,
    ...criterionNames.map((name) => {
      const { title, sign } = criteria[name];
      const [step] = validationCurve(history, name).reduce((a, b) => (sign * b[1] > sign * a[1] ? b : a));
      return `${title} ${at([step, accuracies.get(step)!])}`;
    }),
  ];
}
