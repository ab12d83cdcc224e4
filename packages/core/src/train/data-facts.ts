import type { Dataset } from '../data/dataset.js';
import { CrossmodalError } from '../errors.js';

/** What a checkpoint remembers of the data it was made with, as far as the dataset knows. */
export interface DataFacts {
  items?: number;
  batchesPerEpoch?: number;
  batchSize?: number;
}

const words: readonly [keyof DataFacts, (count: number) => string][] = [
  ['items', (count) => `${count} items`],
  ['batchesPerEpoch', (count) => `${count} batches per epoch`],
  ['batchSize', (count) => `batch size ${count}`],
];

export function dataFacts({ size, batchesPerEpoch, batchSize }: Dataset<unknown>): DataFacts {
  const facts = { items: size, batchesPerEpoch, batchSize };
  return Object.fromEntries(Object.entries(facts).filter(([, count]) => count !== undefined));
}

/** Refuses to go on from a checkpoint of other data. What either side does not know is not compared. */
export function checkSameData(path: string, saved: DataFacts | undefined, now: DataFacts): void {
  const other = words.filter(([name]) => {
    const [before, after] = [saved?.[name], now[name]];
    return before !== undefined && after !== undefined && before !== after;
  });
  if (other.length === 0) return;
  const list = (facts: DataFacts) => other.map(([name, say]) => say(facts[name] as number)).join(', ');
  throw new CrossmodalError(`fit: ${path} was made with ${list(saved as DataFacts)}, this run has ${list(now)}`, {
    remedy: 'use the same data and batch size, or another folder, or delete this one to start anew',
  });
}
