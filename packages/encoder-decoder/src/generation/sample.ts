import { assertKnownOptions, CrossmodalError, Random, requireInteger, requirePositive } from '@crossmodal/core';
import { likelyTokens } from './likely-tokens.js';
import { largestPlace } from './log-probabilities.js';
import { rowSearch } from './rows.js';
import type { SearchStrategy } from './search.js';

export interface SampleOptions {
  /** Equal seeds give equal sequences, whatever else is in the batch; item i draws from a stream of its own. */
  seed: number;
  /**
   * Divides the logits: below 1 what is probable becomes more so.
   * @default 1
   */
  temperature?: number;
  /** Only so many of the most probable tokens; all unless given. */
  topK?: number;
  /**
   * Only the fewest most probable tokens that together have this probability.
   * @default 1
   */
  topP?: number;
  /** @default 0 */
  noRepeatNGram?: number;
}

/**
 * Draws each token by its probability.
 *
 * @throws CrossmodalError when an option is out of range
 * @see Fan et al. (2018), top-k; Holtzman et al. (2020), "The curious case of neural text degeneration", top-p
 * @example
 * const [caption] = await model.generateItems(['boat.jpg'], { strategy: sample({ seed: 1, topP: 0.9 }) });
 */
export function sample(options: SampleOptions): SearchStrategy {
  assertKnownOptions('sample', options, {
    seed: true,
    temperature: true,
    topK: true,
    topP: true,
    noRepeatNGram: true,
  } satisfies Record<keyof SampleOptions, true>);
  const { seed, temperature = 1, topK, topP = 1, noRepeatNGram = 0 } = options;
  requirePositive('sample: temperature', temperature);
  if (topK !== undefined) requireInteger('sample: topK', topK);
  if (!(topP > 0 && topP <= 1)) throw new CrossmodalError(`sample: topP must be in (0, 1], got ${topP}`);
  requireInteger('sample: noRepeatNGram', noRepeatNGram, 0);
  const random = new Random(seed);
  return {
    name: 'sample',
    width: 1,
    start(task) {
      const streams = task.prompts.map((_, i) => random.fork(`item/${i}`));
      return rowSearch(task, {
        noRepeatNGram,
        choose: (values, i) => drawn(values, { temperature, topK, topP, uniform: streams[i]!.uniform() }),
      });
    },
  };
}

/** The token that a uniform number in [0, 1) falls on. */
function drawn(
  logProbabilities: Float64Array,
  {
    temperature,
    topK,
    topP,
    uniform,
  }: { temperature: number; topK: number | undefined; topP: number; uniform: number },
): number {
  const largest = logProbabilities[largestPlace(logProbabilities)]!;
  const weights = logProbabilities.map((value) => Math.exp((value - largest) / temperature));
  const tokens = likelyTokens(weights, { topK, topP });
  let left = uniform * tokens.reduce((sum, token) => sum + weights[token]!, 0);
  for (const token of tokens) {
    left -= weights[token]!;
    if (left < 0) return token;
  }
  return tokens.at(-1)!; // what rounding leaves over
}
