/** How often each run of `order` tokens occurs. */
export function nGramCounts(tokens: readonly string[], order: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i + order <= tokens.length; i++) {
    // Tokens have no white space in them, so that joined runs are equal only where the tokens are.
    const nGram = tokens.slice(i, i + order).join(' ');
    counts.set(nGram, (counts.get(nGram) ?? 0) + 1);
  }
  return counts;
}
