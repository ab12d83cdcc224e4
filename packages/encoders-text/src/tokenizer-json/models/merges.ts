import { type Fields, shown } from '../fields.js';
import { textOfUtf8, utf8 } from '../unicode/bytes.js';
import { MergeQueue } from './merge-queue.js';
import type { Vocabulary } from './vocabulary.js';

/** The merges of a BPE model: which neighbours become one token, the first of the list first. */
export class Merges {
  /** Numbers of tokens, counted without gaps, so that a pair is one number that is exact. */
  readonly #places = new Map<number, number>();
  readonly #ids: number[] = [];
  /** Rank and result by pair. */
  readonly #ranks = new Map<number, number>();
  readonly #results: number[] = [];

  /** @throws CrossmodalError when a merge names tokens that are not in the vocabulary */
  constructor(fields: Fields, vocabulary: Vocabulary, prefixLength: number) {
    for (const id of vocabulary.ids.values()) {
      if (this.#places.has(id)) continue;
      this.#places.set(id, this.#ids.length);
      this.#ids.push(id);
    }
    const place = (token: string) => {
      const id = vocabulary.ids.get(token);
      if (id === undefined) throw fields.error(`.merges: the token ${shown(token)} is not in the vocabulary`);
      return this.#places.get(id)!;
    };
    for (const [rank, [left, right]] of readMerges(fields).entries()) {
      const pair = this.#pair(place(left), place(right));
      this.#ranks.set(pair, rank);
      this.#results[rank] = place(left + withoutPrefix(right, prefixLength));
    }
  }

  #pair(left: number, right: number): number {
    return left * this.#ids.length + right;
  }

  /** The numbers of a word's characters, merged. Time grows as n log n. */
  apply(ids: readonly number[]): number[] {
    const n = ids.length;
    if (n < 2) return [...ids];
    const symbols = ids.map((id) => this.#places.get(id)!);
    const next = symbols.map((_, i) => i + 1);
    const previous = symbols.map((_, i) => i - 1);
    const queue = new MergeQueue();
    const offer = (left: number, right: number) => {
      const rank = this.#ranks.get(this.#pair(symbols[left]!, symbols[right]!));
      if (rank !== undefined) queue.push(rank, left, this.#results[rank]!);
    };
    for (let i = 0; i + 1 < n; i++) offer(i, i + 1);
    while (queue.size > 0) {
      const { place, result } = queue.pop();
      const right = next[place]!;
      if (symbols[place]! < 0 || right >= n) continue;
      // One of the two may have been merged since with something else.
      const rank = this.#ranks.get(this.#pair(symbols[place]!, symbols[right]!));
      if (rank === undefined || this.#results[rank] !== result) continue;
      symbols[place] = result;
      symbols[right] = -1;
      next[place] = next[right]!;
      if (next[place]! < n) previous[next[place]!] = place;
      if (previous[place]! >= 0) offer(previous[place]!, place);
      if (next[place]! < n) offer(place, next[place]!);
    }
    const merged: number[] = [];
    for (let i = 0; i < n; i = next[i]!) merged.push(this.#ids[symbols[i]!]!);
    return merged;
  }
}

/** Pairs, or the older form: both in one string with a blank between them. */
function readMerges(fields: Fields): [string, string][] {
  const list = fields.list('merges');
  const isPair = (merge: unknown): merge is [string, string] =>
    Array.isArray(merge) && merge.length === 2 && merge.every((token) => typeof token === 'string');
  if (list.every(isPair)) return list;
  return list
    .filter((line) => !(typeof line === 'string' && line.startsWith('#version')))
    .map((line, i) => {
      const pair = typeof line === 'string' ? line.split(' ') : line;
      if (isPair(pair)) return pair;
      throw fields.error(`.merges[${i}] must be two tokens, got ${shown(line)}`);
    });
}

/** The second token of a merge loses the bytes of the prefix, whatever they are. */
function withoutPrefix(token: string, bytes: number): string {
  return bytes === 0 ? token : textOfUtf8(utf8(token).subarray(bytes));
}
