import { assertKnownOptions, CrossmodalError, requireInteger } from '@crossmodal/core';
import { logProbabilities } from './log-probabilities.js';
import { forbid, repeatingTokens } from './no-repeat-n-gram.js';
import type { GeneratedSequence, NextTokens, Search, SearchStrategy, SearchTask } from './search.js';

export interface BeamOptions {
  /**
   * Sequences that are followed at a time, per item.
   * @default 4
   */
  width?: number;
  /**
   * The sum of log-probabilities is divided by length^lengthPenalty: above 0 longer sequences win.
   * @default 1
   */
  lengthPenalty?: number;
  /**
   * No run of so many tokens occurs twice; 0 allows all.
   * @default 0
   */
  noRepeatNGram?: number;
  /**
   * Ends as soon as `width` sequences have ended, and not when none of the others can overtake them.
   * @default false
   */
  earlyStopping?: boolean;
}

/** A sequence under way. */
interface Beam {
  tokens: number[];
  /** Sum of log-probabilities. */
  sum: number;
}

interface ItemState {
  start: number;
  beams: Beam[];
  /** Best first, at most `width`. */
  ended: GeneratedSequence[];
  done: boolean;
}

/**
 * Beam search: of all sequences that go on from the `width` best ones by a token, the `width` best are followed. What ends is put
 * aside with the score sum / length^lengthPenalty, where the length is that of the new tokens, the end included.
 *
 * @throws CrossmodalError when an option is out of range; later, when the beam is wider than the vocabulary
 * @see Sutskever et al. (2014), section 3.2; Wu et al. (2016), section 7, for penalties of length; transformers' beam search, whose
 *   sequences and scores these are
 * @example
 * const [caption] = await model.generateItems(['boat.jpg'], { strategy: beam({ width: 4 }) });
 */
export function beam(options: BeamOptions = {}): SearchStrategy {
  assertKnownOptions('beam', options, {
    width: true,
    lengthPenalty: true,
    noRepeatNGram: true,
    earlyStopping: true,
  } satisfies Record<keyof BeamOptions, true>);
  const {
    width = 4,
    lengthPenalty = 1, // transformers
    noRepeatNGram = 0,
    earlyStopping = false, // transformers
  } = options;
  requireInteger('beam: width', width);
  requireInteger('beam: noRepeatNGram', noRepeatNGram, 0);
  if (!Number.isFinite(lengthPenalty)) {
    throw new CrossmodalError(`beam: lengthPenalty must be a finite number, got ${lengthPenalty}`);
  }
  return {
    name: `beam ${width}`,
    width,
    start(task) {
      if (width >= task.vocabularySize) {
        throw new CrossmodalError(
          `beam: width must be less than the vocabulary of ${task.vocabularySize}, got ${width}`,
          { remedy: 'follow fewer beams' },
        );
      }
      return beamSearch(task, { width, lengthPenalty, noRepeatNGram, earlyStopping });
    },
  };
}

function beamSearch(
  task: SearchTask,
  { width, lengthPenalty, noRepeatNGram, earlyStopping }: Required<BeamOptions>,
): Search {
  const { prompts, vocabularySize, maximumLength, endIds, paddingId, process } = task;
  // All rows of an item begin alike; only the first counts, or all beams would be the same.
  const items = prompts.map(
    (prompt): ItemState => ({
      start: prompt.length,
      beams: Array.from({ length: width }, (_, i) => ({ tokens: [...prompt], sum: i === 0 ? 0 : -1e9 })),
      ended: [],
      done: false,
    }),
  );
  const scoreOf = (sum: number, length: number) => sum / length ** lengthPenalty;
  const end = (item: ItemState, { tokens, sum }: Beam, finished: boolean) => {
    const ids = tokens.slice(item.start, finished ? -1 : undefined);
    item.ended.push({ ids, score: scoreOf(sum, tokens.length - item.start), finished });
    item.ended.sort((a, b) => b.score - a.score);
    item.ended.length = Math.min(item.ended.length, width);
  };
  /** Whether no sequence under way can still come among those that have ended. */
  const isDecided = ({ ended, beams, start }: ItemState): boolean => {
    if (ended.length < width) return false;
    if (earlyStopping) return true;
    const best = Math.max(...beams.map(({ sum }) => sum));
    return scoreOf(best, beams[0]!.tokens.length - start) <= ended[width - 1]!.score;
  };
  return {
    advance(logits): NextTokens | undefined {
      const ids = new Int32Array(items.length * width).fill(paddingId);
      const parents = Int32Array.from(ids.keys());
      for (const [i, item] of items.entries()) {
        if (item.done) continue;
        const rows = item.beams.map(({ tokens }, k) => {
          const row = logits.subarray((i * width + k) * vocabularySize, (i * width + k + 1) * vocabularySize);
          process?.(row, tokens, tokens.length - item.start);
          if (noRepeatNGram > 0) forbid(row, repeatingTokens(tokens, noRepeatNGram));
          return logProbabilities(row);
        });
        const next: { beam: Beam; parent: number }[] = [];
        const isLast = item.beams[0]!.tokens.length + 1 - item.start >= maximumLength;
        // Enough that `width` remain when each of the best ends.
        for (const [rank, { parent, token, sum }] of bestContinuations(
          item.beams,
          rows,
          (endIds.length + 1) * width,
        ).entries()) {
          const continued = { tokens: [...item.beams[parent]!.tokens, token], sum };
          const isEnd = endIds.includes(token);
          if (rank < width && (isEnd || isLast) && sum > -1e8) end(item, continued, isEnd);
          if (isEnd) continue;
          if (next.length < width) {
            next.push({ beam: continued, parent });
          }
        }
        item.beams = next.map((entry) => entry.beam);
        item.done = isLast || next.length < width || isDecided(item);
        for (const [k, entry] of next.entries()) {
          ids[i * width + k] = entry.beam.tokens.at(-1)!;
          parents[i * width + k] = i * width + entry.parent;
        }
      }
      return items.every((item) => item.done) ? undefined : { ids, parents };
    },
    results: () => items.map(({ ended }) => ended),
  };
}

/** The best of all ways to go on by one token, best first, ties by beam and token. */
function bestContinuations(
  beams: readonly Beam[],
  rows: readonly Float64Array[],
  count: number,
): { parent: number; token: number; sum: number }[] {
  const best: { parent: number; token: number; sum: number }[] = [];
  for (const [parent, row] of rows.entries()) {
    const before = beams[parent]!.sum;
    for (let token = 0; token < row.length; token++) {
      const sum = before + row[token]!;
      if (sum === Number.NEGATIVE_INFINITY || (best.length === count && sum <= best[count - 1]!.sum)) continue;
      let place = best.length;
      while (place > 0 && best[place - 1]!.sum < sum) place--;
      best.splice(place, 0, { parent, token, sum });
      if (best.length > count) best.pop();
    }
  }
  return best;
}
