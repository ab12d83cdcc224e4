import quickselect from 'quickselect';

/**
 * The tokens that may be drawn: of those with a weight the `topK` heaviest, and of these the fewest that together have the share `topP`
 * of the weight; best first, ties by token. Where all may be drawn they come in their own order, since nothing has to be sorted.
 */
export function likelyTokens(
  weights: Float64Array,
  { topK, topP }: { topK: number | undefined; topP: number },
): number[] {
  if (topK !== undefined) {
    const tokens = heaviest(weights, topK);
    return tokens.slice(0, nucleusSize(tokens, weights, topP * sumOf(tokens, weights)));
  }
  const all = weighted(weights);
  if (topP === 1) return all;
  const wanted = topP * sumOf(all, weights);
  // A nucleus is small as a rule: few tokens are sorted, more only when those do not have the share.
  for (let count = 64; ; count *= 4) {
    const tokens = heaviest(weights, count);
    const size = nucleusSize(tokens, weights, wanted);
    if (size < tokens.length || tokens.length < count) return tokens.slice(0, size);
  }
}

/** The tokens that have a weight. */
function weighted(weights: Float64Array): number[] {
  const tokens: number[] = [];
  for (let token = 0; token < weights.length; token++) if (weights[token]! > 0) tokens.push(token);
  return tokens;
}

/** The `count` heaviest of them, best first. */
function heaviest(weights: Float64Array, count: number): number[] {
  const tokens = weighted(weights);
  const compare = (a: number, b: number) => weights[b]! - weights[a]! || a - b;
  if (count < tokens.length) {
    quickselect(tokens, count - 1, 0, tokens.length - 1, compare);
    tokens.length = count;
  }
  return tokens.sort(compare);
}

const sumOf = (tokens: readonly number[], weights: Float64Array): number =>
  tokens.reduce((sum, token) => sum + weights[token]!, 0);

/** How many of the tokens, in their order, it takes to have the weight that is wanted. */
function nucleusSize(tokens: readonly number[], weights: Float64Array, wanted: number): number {
  let sum = 0;
  let size = 0;
  while (size < tokens.length && sum < wanted) sum += weights[tokens[size++]!]!;
  return size;
}
