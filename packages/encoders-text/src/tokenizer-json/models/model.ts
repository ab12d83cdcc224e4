/** A word's tokens; `texts[i]` is what stands in the vocabulary or, for unknown words of Unigram, what stood in the text. */
export interface Tokens {
  ids: readonly number[];
  texts: readonly string[];
}

/** Turns a word into tokens of a vocabulary. */
export interface Model {
  /** How many entries the vocabulary has, as the Rust library counts. */
  readonly size: number;
  /** The entries: tokens and their numbers. */
  entries(): Iterable<readonly [string, number]>;
  tokenToId(token: string): number | undefined;
  idToToken(id: number): string | undefined;
  /** @throws CrossmodalError when a word is unknown and the vocabulary has no token for that */
  tokenize(word: string): Tokens;
}

/** Keeps the tokens of short words that were seen first. */
export class TokenCache {
  readonly #words = new Map<string, Tokens>();

  constructor(
    private readonly most = 10_000, // words, as in the Rust library
    private readonly longest = 256, // characters of a word, as there
  ) {}

  get(word: string, tokenize: (word: string) => Tokens): Tokens {
    let tokens = this.#words.get(word);
    if (tokens === undefined) {
      tokens = tokenize(word);
      if (word.length < this.longest && this.#words.size < this.most) this.#words.set(word, tokens);
    }
    return tokens;
  }
}
