/**
 * The tokens that would make a run of `size` tokens that the sequence has already.
 *
 * @see Paulus et al. (2018), "A deep reinforced model for abstractive summarization", section 2.5
 */
export function repeatingTokens(sequence: readonly number[], size: number): number[] {
  if (size < 1 || sequence.length < size) return [];
  const end = sequence.slice(sequence.length - size + 1);
  const tokens: number[] = [];
  for (let i = 0; i + size <= sequence.length; i++) {
    if (end.every((token, k) => sequence[i + k] === token)) tokens.push(sequence[i + size - 1]!);
  }
  return tokens;
}

/** Forbids tokens in a row of logits. */
export function forbid(logits: Float32Array, tokens: Iterable<number>): void {
  for (const token of tokens) logits[token] = Number.NEGATIVE_INFINITY;
}
