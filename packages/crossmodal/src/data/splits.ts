import { CrossmodalError } from '@crossmodal/core';
import { splitByGroup } from '@crossmodal/core/data';
import type { Item } from './item.js';

export interface Splits {
  train: Item[];
  validation: Item[];
  test: Item[];
  /** How they came about, in words. */
  reason: string;
}

const names: Readonly<Record<string, 'train' | 'validation' | 'test'>> = {
  train: 'train',
  training: 'train',
  val: 'validation',
  valid: 'validation',
  validation: 'validation',
  dev: 'validation',
  development: 'validation',
  test: 'test',
  testing: 'test',
  restval: 'train', // Karpathy's split of COCO: pictures of the validation set that train
};

/** The split that a name stands for, or undefined. */
export function splitNamed(name: string | undefined): 'train' | 'validation' | 'test' | undefined {
  return name === undefined ? undefined : names[name.trim().toLowerCase()];
}

/**
 * The splits that the data name; where they name none for validation, a tenth of the training items, by group where there are groups.
 *
 * @throws CrossmodalError when a split has an unknown name, or too little is left for training
 */
export function splitItems(items: readonly Item[], { seed }: { seed: number }): Splits {
  const splits: Splits = { train: [], validation: [], test: [], reason: '' };
  const unnamed: Item[] = [];
  for (const item of items) {
    if (item.split === undefined) {
      unnamed.push(item);
      continue;
    }
    const split = splitNamed(item.split);
    if (!split) {
      throw new CrossmodalError(`train: ${item.origin}: there is no split ${JSON.stringify(item.split)}`, {
        remedy: 'call splits train, val or test, or choose another column with --split',
      });
    }
    splits[split].push(item);
  }
  const named = items.length - unnamed.length;
  splits.train.push(...unnamed);
  if (splits.validation.length === 0 && splits.train.length >= 10) {
    const parts = splitByGroup(splits.train, { train: 0.9, validation: 0.1 }, { group: (item) => item.group, seed });
    splits.train = parts.train;
    splits.validation = parts.validation;
    splits.reason =
      named > 0
        ? 'as the data say; validation: a tenth of the training items'
        : 'a tenth is held out for validation, by seed';
  } else splits.reason = 'as the data say';
  if (splits.train.length < 2) {
    throw new CrossmodalError(`train: there must be at least two items to train on, got ${splits.train.length}`);
  }
  return splits;
}
