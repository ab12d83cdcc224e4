import { type DomainAdapter, digitFeatures } from '@crossmodal/adaptation';
import type { Settings } from '../../../presets.js';
import type { Entry, EntryContext, EntryOutcome } from '../../entry.js';
import { accuracyRows, comparisonFigures, onTarget } from '../comparison.js';
import type { Domain } from '../labelled-set.js';
import { findMethod, type Method, methods, recipe } from '../methods.js';
import { type MethodResult, type TrainingSettings, trainMethod } from '../train-method.js';
import { openDomain, requireSameClasses } from './open-domain.js';
import { domainOf } from './picture-domain.js';

/** Size of the extractor, length of the training, and pictures of each domain. */
export interface DigitSettings extends TrainingSettings {
  filters: [number, number];
  limit: number;
}

export const digitSettings: Settings<DigitSettings> = {
  quick: { filters: [32, 48], steps: 1200, batchSize: 32, limit: Number.POSITIVE_INFINITY, measurements: 5 },
  smoke: { filters: [4, 4], steps: 2, batchSize: 8, limit: 64, measurements: 1 },
};

/** Published, MNIST to MNIST-M: Ganin and Lempitsky (2015), table 1. */
const published: Partial<Record<string, number>> = { 'source only': 0.5225, DANN: 0.7666, [onTarget]: 0.9596 };

export const digitAdaptationEntry: Entry = {
  id: 'digit-adaptation',
  paradigm: 'domain adaptation',
  title: 'From black and white digits to digits on photographs, without their labels',
  question: 'Does adaptation win where the papers win, on MNIST to MNIST-M, or on --source and --target?',
  takesDomains: true,
  run: runDigitAdaptation,
};

async function runDigitAdaptation(context: EntryContext): Promise<EntryOutcome> {
  const { dataFolder, domains = {} } = context;
  const own = digitSettings[context.preset];
  const options = { dataFolder, limit: own.limit };
  const chosen = domains.methods ?? [...Object.keys(methods), onTarget];
  for (const name of chosen) if (name !== onTarget) findMethod(name); // before anything takes long
  const first = await openDomain(domains.source ?? 'mnist', options);
  const second = await openDomain(domains.target ?? 'mnist-m', options);
  requireSameClasses(first, second);
  const { classes } = first;
  const [source, target] = [domainOf(first, classes), domainOf(second, classes)];
  const train = async (name: string, from: Domain, to: Domain, label = name): Promise<MethodResult> => {
    const reference = name === onTarget;
    const { model, ...result } = await trainDigits(context, own, {
      ...{ method: findMethod(reference ? 'source only' : name), source: reference ? to : from, target: to },
      ...{ classes: classes.length, label },
    });
    model.dispose();
    return result;
  };
  const results = new Map<string, MethodResult>();
  for (const name of chosen) results.set(name, await train(name, source, target));
  const backward = new Map<string, MethodResult>();
  if (Object.keys(domains).length === 0) {
    for (const name of ['source only', recipe])
      backward.set(name, await train(name, target, source, `${name}, reversed`));
  }
  const pair = `${source.name} to ${target.name}`;
  const chance = 1 / classes.length;
  const list = (of: (result: MethodResult) => string) =>
    [...results].map(([name, result]) => `${name} ${of(result)}`).join(', ');
  return {
    rows: [
      ...accuracyRows(pair, results, { chance, published: pair === 'MNIST to MNIST-M' ? published : {} }),
      ...accuracyRows(`${target.name} to ${source.name}`, backward, { chance }),
    ],
    headline: ['source only', recipe, 'DANN', 'DAN']
      .filter((method) => results.has(method))
      .map((method) => `accuracy, ${pair}, ${method}`),
    summary:
      `A classifier learns from labelled pictures (${source.name}) and from pictures of another look (${target.name}) whose labels it never sees. ` +
      'All methods have the same network, batches, optimiser and number of steps; the source-only classifier is the same without the term that adapts.',
    facts: {
      'Training pictures': `${source.train.count} and ${target.train.count}`,
      'Test pictures': target.test.count,
      Steps: own.steps,
      'Pictures in a batch': `${own.batchSize} of each domain`,
      [`Accuracy on ${source.name}`]: list((result) => result.source.accuracy.toFixed(3)),
      'Seconds of processor': list((result) => result.processorSeconds.toFixed(0)),
      ...criteria(results),
    },
    figures: await comparisonFigures(results, { source, target, classes }),
  };
}

/** Trains one method on pictures; what each call asks of the suite is the same. */
export function trainDigits(
  { seed, shuffle, follow }: Pick<EntryContext, 'seed' | 'shuffle' | 'follow'>,
  { filters, ...own }: DigitSettings,
  {
    method,
    source,
    target,
    classes,
    label,
  }: { method: Method; source: Domain; target: Domain; classes: number; label: string },
): Promise<MethodResult & { model: DomainAdapter }> {
  // Not zero: TensorFlow.js takes a seed of zero for none.
  const features = digitFeatures({ seed: seed + 1, filters });
  return trainMethod(method, { source, target }, { features, classes }, own, {
    ...{ seed, shuffle, follow: follow(label, own.steps) },
  });
}

/** What would have been known of each method without labels of the target. */
function criteria(results: ReadonlyMap<string, MethodResult>): Record<string, string> {
  const names = {
    information: 'information (higher is better)',
    softNeighbourhoodDensity: 'soft neighbourhood density (higher is better)',
    entropy: 'entropy (lower is better)',
    importanceWeightedRisk: 'importance-weighted risk (lower is better)',
  } as const;
  return Object.fromEntries(
    (Object.keys(names) as (keyof typeof names)[]).map((key) => [
      `Without labels: ${names[key]}`,
      [...results].map(([name, { scores }]) => `${name} ${scores[key].toFixed(3)}`).join(', '),
    ]),
  );
}
