import { requireInteger } from '../checks.js';
import { assertKnownOptions } from '../known-options.js';
import { discard } from './discard.js';

export interface MapConcurrentlyOptions {
  /**
   * How many items are worked on at once.
   * @default 8
   */
  concurrency?: number;
}

/**
 * What `change` makes of each item of a list, in the order of the items, with a few under way at once: for reading the
 * files of a batch. Streams have `Pipeline.map`.
 *
 * After a failure nothing new is begun, those under way are waited for, and tensors that were made are disposed.
 *
 * @throws CrossmodalError when `concurrency` is not an integer of at least 1, before any item is touched
 * @throws the first failure of `change`
 * @example
 * const files = await mapConcurrently(['one.txt', 'two.txt'], (name) => readFile(name), { concurrency: 4 });
 */
export async function mapConcurrently<Item, Result>(
  items: readonly Item[],
  change: (item: Item, index: number) => Result | Promise<Result>,
  { concurrency = 8, ...others }: MapConcurrentlyOptions = {}, // twice the four threads that Node reads files with
): Promise<Result[]> {
  assertKnownOptions('mapConcurrently', others, ['concurrency']);

  requireInteger('mapConcurrently: concurrency', concurrency);
  const results = new Array<Result>(items.length);
  const failures: unknown[] = [];
  let next = 0;
  const work = async () => {
    while (next < items.length && failures.length === 0) {
      const index = next++;
      try {
        results[index] = await change(items[index]!, index);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, work));
  if (failures.length > 0) {
    results.forEach(discard);
    throw failures[0];
  }
  return results;
}
