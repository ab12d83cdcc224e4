import { type Fields, shown } from '../fields.js';
import { PrefixTree } from '../prefix-tree.js';
import { utf8 } from '../unicode/bytes.js';
import { unitsAt } from '../unicode/code-points.js';
import { byteToken } from './bpe.js';
import { type Model, TokenCache, type Tokens } from './model.js';

/** How much worse an unknown character is than the worst token; SentencePiece's kUnkPenalty. */
const unknownPenalty = 10;

/**
 * The tokens whose scores, logarithms of probabilities, have the greatest sum (Viterbi). Unknown characters in a row are
 * one token.
 *
 * @see https://arxiv.org/abs/1804.10959
 */
export function unigramModel(fields: Fields): Model {
  const { tokens, scores } = readVocabulary(fields);
  const unknownId = fields.has('unk_id') ? fields.integer('unk_id') : undefined;
  if (unknownId !== undefined && unknownId >= tokens.length) {
    throw fields.error(`.unk_id must be below the ${tokens.length} entries of the vocabulary, got ${unknownId}`);
  }
  const byteFallback = fields.boolean('byte_fallback', false);
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const tree = new PrefixTree();
  for (const [token, id] of ids) if (token !== '') tree.add(token, id);
  const unknownScore =
    scores.reduce((least, score) => Math.min(least, score), Number.POSITIVE_INFINITY) - unknownPenalty;
  const cache = new TokenCache();

  const missing = (word: string) =>
    fields.error(`: the text ${shown(word)} has unknown characters, and there is no unk_id`);
  /** The best way through a word, unknown characters together. */
  const bestPath = (word: string): string[] => {
    const best = new Float64Array(word.length + 1);
    const starts = new Int32Array(word.length + 1).fill(-1);
    const pathIds = new Int32Array(word.length + 1);
    for (let start = 0; start < word.length; ) {
      const so = best[start]!;
      const single = start + unitsAt(word, start);
      let hasSingle = false;
      const offer = (end: number, id: number, score: number) => {
        if (starts[end] !== -1 && !(score > best[end]!)) return;
        best[end] = score;
        starts[end] = start;
        pathIds[end] = id;
      };
      tree.forEachAt(word, start, (end, id) => {
        offer(end, id, scores[id]! + so);
        if (end === single) hasSingle = true;
      });
      if (!hasSingle) {
        if (unknownId === undefined && (starts[single] === -1 || unknownScore + so > best[single]!))
          throw missing(word);
        offer(single, unknownId ?? 0, unknownScore + so);
      }
      start = single;
    }
    const path: string[] = [];
    let unknownEnd = -1;
    for (let end = word.length; end > 0; end = starts[end]!) {
      if (pathIds[end] === unknownId) {
        if (unknownEnd < 0) unknownEnd = end;
        continue;
      }
      if (unknownEnd >= 0) path.push(word.slice(end, unknownEnd));
      unknownEnd = -1;
      path.push(word.slice(starts[end]!, end));
    }
    if (unknownEnd >= 0) path.push(word.slice(0, unknownEnd));
    return path.reverse();
  };
  const tokenize = (word: string): Tokens => {
    const result = { ids: [] as number[], texts: [] as string[] };
    for (const text of bestPath(word)) {
      const id = ids.get(text);
      const bytes = id === undefined && byteFallback ? Array.from(utf8(text), byteToken) : [];
      if (bytes.length > 0 && bytes.every((byte) => ids.has(byte))) {
        for (const byte of bytes) result.ids.push(ids.get(byte)!);
        result.texts.push(...bytes);
      } else {
        if (id === undefined && unknownId === undefined) throw missing(word);
        result.ids.push(id ?? unknownId!);
        result.texts.push(text);
      }
    }
    return result;
  };
  return {
    size: tokens.length,
    entries: () => ids.entries(),
    tokenToId: (token) => ids.get(token),
    idToToken: (id) => tokens[id],
    tokenize: (word) => cache.get(word, tokenize),
  };
}

function readVocabulary(fields: Fields): { tokens: string[]; scores: Float64Array } {
  const list = fields.list('vocab');
  const tokens: string[] = [];
  const scores = new Float64Array(list.length);
  for (const [i, entry] of list.entries()) {
    const [token, score] = Array.isArray(entry) && entry.length === 2 ? entry : [];
    if (typeof token !== 'string' || typeof score !== 'number') {
      throw fields.error(`.vocab[${i}] must be a token and its score, got ${shown(entry)}`);
    }
    tokens.push(token);
    scores[i] = score;
  }
  return { tokens, scores };
}
