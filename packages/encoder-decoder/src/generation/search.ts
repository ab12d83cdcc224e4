/** A sequence of tokens that was generated. */
export interface GeneratedSequence {
  /** The tokens behind the prompt, without the one that ends it. */
  ids: number[];
  /**
   * Greedy and sampled: the sum of the log-probabilities of the tokens, the end included. Beams: that sum over the number of tokens to
   * the power of the length penalty.
   */
  score: number;
  /** False where the longest allowed length was reached before the end. */
  finished: boolean;
}

/** What a step of generation goes on with. */
export interface NextTokens {
  /** The next token of each row. */
  ids: Int32Array;
  /** The row that each row goes on from; as it is unless given. */
  parents?: Int32Array;
}

/** A search under way, for several items side by side; item i has the rows from i * width on. */
export interface Search {
  /**
   * Chooses the next tokens by the logits of the tokens before.
   *
   * @param logits [rows * vocabulary]; may be changed
   * @returns undefined when all sequences have ended
   */
  advance(logits: Float32Array): NextTokens | undefined;
  /** The sequences of each item, best first. */
  results(): GeneratedSequence[][];
}

/** What a search is about. */
export interface SearchTask {
  /** The tokens that each item begins with, the one that begins a sequence included. */
  prompts: readonly (readonly number[])[];
  vocabularySize: number;
  /** Most new tokens, the end included. */
  maximumLength: number;
  /** Tokens that end a sequence. */
  endIds: readonly number[];
  /** What rows whose sequence has ended are fed with. */
  paddingId: number;
  /** Changes the logits of one row before the next token is chosen, for instance sets those of forbidden tokens to -Infinity. */
  process?: ((logits: Float32Array, sequence: readonly number[], generated: number) => void) | undefined;
}

/** How sequences are chosen: `greedy()`, `beam()`, `sample()`. */
export interface SearchStrategy {
  readonly name: string;
  /** Rows per item. */
  readonly width: number;
  start(task: SearchTask): Search;
}
