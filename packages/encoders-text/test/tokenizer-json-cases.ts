import type { Encoding, PretrainedTokenizer, TextOrPair } from '../src/index.js';

/** One encoding as `scripts/golden/tokenizer_json.py` writes it: masks and types are digits. */
interface Row {
  ids: number[];
  tokens: string[];
  types: string;
  attention: string;
  special: string;
  overflowing?: [ids: number[], types: string, special: string, nested: number[][]][];
}

/** The sections of a tokenizer.json that are not empty. */
interface Part {
  normalizer?: object;
  pre_tokenizer?: object;
  added_tokens?: object[];
}

/** What the library gives; texts are named by their place in `texts`. */
export interface Golden {
  library: string;
  version: string;
  texts: string[];
  vocabulary: string[];
  maps: Record<string, string>;
  pieces: (Part & { rows: [text: number, pieces: string[]][] })[];
  models: (Part & {
    model: object;
    size: number;
    rows: (Row & { text: number; pair?: number; plain?: true; decoded?: [string, string] })[];
    batch?: { texts: number[]; rows: Row[] };
  })[];
  decoders: { decoder: object; rows: [ids: number[], text: string][] }[];
}

type Make = (contents: unknown) => PretrainedTokenizer;

/** How many comparisons there were, and those that came out otherwise, each with the component and what was expected. */
export interface Comparison {
  count: number;
  deviations: { part: string; text: unknown; expected: unknown; actual: unknown }[];
}

const rowOf = (e: Encoding): Row => ({
  ids: [...e.ids],
  tokens: [...e.tokens],
  types: e.typeIds.join(''),
  attention: e.attentionMask.join(''),
  special: e.specialTokensMask.join(''),
  ...(e.overflowing.length > 0
    ? {
        overflowing: e.overflowing.map((o): NonNullable<Row['overflowing']>[number] => [
          [...o.ids],
          o.typeIds.join(''),
          o.specialTokensMask.join(''),
          o.overflowing.map(({ ids }) => [...ids]),
        ]),
      }
    : {}),
});

/** The file with its maps in place. */
function fileOf(golden: Golden, part: object): unknown {
  const text = JSON.stringify(part);
  return JSON.parse(text, (key, value) => (key === 'precompiled_charsmap' ? golden.maps[value as string] : value));
}

/** Compares all cases of a group with what the library gave. */
export function compare(golden: Golden, group: 'pieces' | 'models' | 'decoders', make: Make): Comparison {
  const result: Comparison = { count: 0, deviations: [] };
  const check = (part: object, text: unknown, expected: unknown, actual: () => unknown) => {
    result.count++;
    let value: unknown;
    try {
      value = actual();
    } catch (error) {
      value = `error: ${(error as Error).message}`;
    }
    if (JSON.stringify(value) === JSON.stringify(expected)) return;
    result.deviations.push({ part: JSON.stringify({ ...part, model: undefined }), text, expected, actual: value });
  };
  const once = (contents: unknown): (() => PretrainedTokenizer) => {
    let tokenizer: PretrainedTokenizer | undefined;
    return () => {
      tokenizer ??= make(contents);
      return tokenizer;
    };
  };
  if (group === 'pieces') {
    for (const { rows, ...part } of golden.pieces) {
      const pieces = [...new Set(rows.flatMap(([, list]) => list))].filter((piece) => piece !== '[UNK]');
      const vocab = Object.fromEntries([['[UNK]', 0], ...pieces.map((piece, i) => [piece, i + 1])]);
      const tokenizer = once(fileOf(golden, { ...part, model: { type: 'WordLevel', vocab, unk_token: '[UNK]' } }));
      for (const [text, expected] of rows) {
        check(part, golden.texts[text], expected, () => tokenizer().encodeText(golden.texts[text]!).tokens);
      }
    }
  } else if (group === 'models') {
    for (const { rows, batch, size, ...part } of golden.models) {
      const tokenizer = once(fileOf(golden, part));
      check(part, 'vocabulary', size, () => tokenizer().vocabulary().size);
      for (const { text, pair, plain, decoded, ...expected } of rows) {
        const given: TextOrPair = pair === undefined ? golden.texts[text]! : [golden.texts[text]!, golden.texts[pair]!];
        check(part, given, expected, () => rowOf(tokenizer().encodeText(given, { specialTokens: !plain })));
        if (!decoded) continue;
        check(part, expected.ids, decoded, () => [
          tokenizer().decode(expected.ids),
          tokenizer().decode(expected.ids, { skipSpecialTokens: false }),
        ]);
      }
      if (!batch) continue;
      const texts = batch.texts.map((i) => golden.texts[i]!);
      check(part, texts, batch.rows, () => tokenizer().encodeTexts(texts).map(rowOf));
    }
  } else {
    const vocab = Object.fromEntries(golden.vocabulary.map((token, i) => [token, i]));
    const added = { id: 0, content: '[X]', single_word: false, lstrip: false, rstrip: false };
    const others = {
      model: { type: 'WordLevel', vocab, unk_token: '[UNK]' },
      added_tokens: [{ ...added, normalized: false, special: true }],
    };
    for (const { rows, ...part } of golden.decoders) {
      const tokenizer = once({ ...part, ...others });
      for (const [ids, expected] of rows) check(part, ids, expected, () => tokenizer().decode(ids));
    }
  }
  return result;
}
