import { assertKnownOptions, requireInteger } from '@crossmodal/core';
import { largestPlace } from './log-probabilities.js';
import { rowSearch } from './rows.js';
import type { SearchStrategy } from './search.js';

export interface GreedyOptions {
  /**
   * No run of so many tokens occurs twice; 0 allows all.
   * @default 0
   */
  noRepeatNGram?: number;
}

/**
 * The most probable token at every step.
 *
 * @throws CrossmodalError when the option is out of range
 * @example
 * const [caption] = await model.generateItems(['boat.jpg'], { strategy: greedy() });
 */
export function greedy(options: GreedyOptions = {}): SearchStrategy {
  assertKnownOptions('greedy', options, { noRepeatNGram: true } satisfies Record<keyof GreedyOptions, true>);
  const { noRepeatNGram = 0 } = options;
  requireInteger('greedy: noRepeatNGram', noRepeatNGram, 0);
  return { name: 'greedy', width: 1, start: (task) => rowSearch(task, { noRepeatNGram, choose: largestPlace }) };
}
