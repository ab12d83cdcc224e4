import type { Encoding } from '../encoding.js';

/** Puts special tokens where they belong, and sets types. */
export interface PostProcessor {
  /** How many special tokens are added to one text, or to a pair. */
  added(pair: boolean): number;
  /** The parts of which the encoding is put together, from one text, a pair, or the parts of a processor before. */
  process(parts: readonly Encoding[], specialTokens: boolean): Encoding[];
}

/** Special tokens, all of one type. */
export function specialEncoding(ids: readonly number[], tokens: readonly string[], typeId: number): Encoding {
  const all = (value: number) => ids.map(() => value);
  return { ids, tokens, typeIds: all(typeId), attentionMask: all(1), specialTokensMask: all(1), overflowing: [] };
}

/** The encoding with all its types the same; windows that overflow keep theirs. */
export function typed(encoding: Encoding, typeId: number): Encoding {
  return { ...encoding, typeIds: encoding.ids.map(() => typeId) };
}
