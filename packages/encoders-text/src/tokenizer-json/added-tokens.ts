import type { Fields } from './fields.js';
import type { Model } from './models/model.js';
import { type Normalizer, openingAfter } from './normalizers/normalizer.js';
import { cut, type Piece } from './piece.js';
import { PrefixTree } from './prefix-tree.js';
import { isWhitespace, isWordCharacter } from './unicode/properties.js';

/** A token that is found in the text before anything else is done to it. */
export interface AddedToken {
  readonly content: string;
  /** Found only where no letter or digit stands beside it. */
  readonly singleWord: boolean;
  /** Takes white space before (left) or behind (right) it with it. */
  readonly leftStrip: boolean;
  readonly rightStrip: boolean;
  /** Searched in normalised text rather than in the text as it is. */
  readonly normalized: boolean;
  /** Left out when decoding. */
  readonly special: boolean;
}

/** The fields of an added token as tokenizer.json and tokenizer_config.json write them. */
export function readAddedToken(fields: Fields): AddedToken {
  return {
    content: fields.string('content'),
    singleWord: fields.boolean('single_word', false),
    leftStrip: fields.boolean('lstrip', false),
    rightStrip: fields.boolean('rstrip', false),
    special: fields.boolean('special', false),
    normalized: fields.boolean('normalized', !fields.boolean('special', false)),
  };
}

/** A piece of text, or an added token with the text that it took. */
export type Section = { piece: Piece } | { id: number; text: string };

interface Entry extends AddedToken {
  readonly id: number;
  /** How it reads in a text: normalised, if it is searched there. */
  readonly form: string;
}

/** The tokens that are added to those of a model. */
export class AddedTokens {
  readonly #ids = new Map<string, number>();
  readonly #byId = new Map<number, Entry>();
  readonly #special = new Set<string>();
  readonly #plain: Finder;
  readonly #normalized: Finder;

  /** A token that the model has keeps its number there; others get the numbers behind the model's, in order. */
  constructor(
    tokens: readonly AddedToken[],
    model: Model,
    private readonly normalizer: Normalizer | undefined,
  ) {
    let next = model.size;
    for (const token of tokens) {
      if (token.content === '') continue;
      const id = this.#ids.get(token.content) ?? model.tokenToId(token.content) ?? next++;
      this.#ids.set(token.content, id);
      if (token.special) this.#special.add(token.content);
      const form = token.normalized && normalizer ? normalizer.apply(token.content) : token.content;
      this.#byId.set(id, { ...token, id, form });
    }
    // Of two that read the same, special ones come first, then earlier ones.
    const entries = [...this.#byId.values()].sort((a, b) => Number(b.special) - Number(a.special));
    this.#plain = new Finder(entries.filter(({ normalized }) => !normalized));
    this.#normalized = new Finder(entries.filter(({ normalized }) => normalized));
  }

  entries(): Iterable<readonly [string, number]> {
    return this.#ids.entries();
  }

  tokenToId(token: string): number | undefined {
    return this.#ids.get(token);
  }

  /** The token as it reads in normalised text, as the Rust library says it. */
  idToToken(id: number): string | undefined {
    return this.#byId.get(id)?.form;
  }

  isSpecial(token: string): boolean {
    return this.#special.has(token);
  }

  /** The normalised text with the added tokens in it. */
  sections(text: string): Section[] {
    if (text === '') return [];
    const opening = text.codePointAt(0)! > 0xffff ? 2 : 1;
    return this.#plain.sections({ text, opening }).flatMap((section) => {
      if (!('piece' in section)) return [section];
      const normal = this.#normal(section.piece);
      return normal.text === '' ? [] : this.#normalized.sections(normal);
    });
  }

  #normal(piece: Piece): Piece {
    const { normalizer } = this;
    if (!normalizer) return piece;
    return { text: normalizer.apply(piece.text), opening: openingAfter(normalizer, piece.text, piece.opening) };
  }
}

/** Finds tokens in a text: leftmost first, longest first. */
class Finder {
  readonly #tree = new PrefixTree();
  readonly #first = new Uint8Array(0x10000);
  readonly #entries: readonly Entry[];
  /** A token that the normaliser left nothing of is found between all characters. */
  readonly #empty: Entry | undefined;

  constructor(entries: readonly Entry[]) {
    this.#entries = entries;
    this.#empty = entries.find(({ form }) => form === '');
    for (let i = entries.length - 1; i >= 0; i--) {
      const { form } = entries[i]!;
      if (form === '') continue;
      this.#tree.add(form, i);
      this.#first[form.charCodeAt(0)] = 1;
    }
  }

  sections(piece: Piece): Section[] {
    if (this.#entries.length === 0) return [{ piece }];
    const { text } = piece;
    const sections: Section[] = [];
    let done = 0;
    let last = -1;
    for (let at = 0; at <= text.length; ) {
      const match = this.#matchAt(text, at, last);
      if (!match) {
        at++;
        continue;
      }
      const { entry, end } = match;
      const start = at;
      last = end;
      at = Math.max(end, start + Number(end === start));
      if (entry.singleWord && (wordBefore(text, start) || wordAt(text, end))) continue;
      // White space that the token before has taken is not taken again.
      const from = entry.leftStrip ? Math.max(done, start - spaceBefore(text, start)) : start;
      const to = entry.rightStrip ? end + spaceAt(text, end) : end;
      if (from > done) sections.push({ piece: cut(piece, done, from) });
      if (to > from) sections.push({ id: entry.id, text: text.slice(from, to) });
      done = to;
    }
    if (done < text.length) sections.push({ piece: cut(piece, done, text.length) });
    return sections;
  }

  /** The longest token that begins here; `last` is where the one before ended. */
  #matchAt(text: string, at: number, last: number): { entry: Entry; end: number } | undefined {
    let match: { entry: Entry; end: number } | undefined;
    if (at < text.length && this.#first[text.charCodeAt(at)] === 1) {
      this.#tree.forEachAt(text, at, (end, value) => {
        match = { entry: this.#entries[value]!, end };
      });
    }
    return match ?? (this.#empty && at !== last ? { entry: this.#empty, end: at } : undefined);
  }
}

const codePointBefore = (text: string, at: number) =>
  at > 1 && text.codePointAt(at - 2)! > 0xffff ? text.codePointAt(at - 2)! : text.charCodeAt(at - 1);

const wordBefore = (text: string, at: number) => at > 0 && isWordCharacter(codePointBefore(text, at));
const wordAt = (text: string, at: number) => at < text.length && isWordCharacter(text.codePointAt(at)!);

function spaceBefore(text: string, at: number): number {
  let start = at;
  while (start > 0 && isWhitespace(text.charCodeAt(start - 1))) start--;
  return at - start;
}

function spaceAt(text: string, at: number): number {
  let end = at;
  while (end < text.length && isWhitespace(text.charCodeAt(end))) end++;
  return end - at;
}
