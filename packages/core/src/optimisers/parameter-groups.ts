/** Settings for the variables whose names match. */
export interface ParameterGroup {
  /** A regular expression, or a text that the name contains. Names are those of `namedVariables`, or of the variables. */
  match: RegExp | string;
  /** Multiplies the learning rate: 0.1 for a pre-trained encoder, decreasing with depth for layer-wise rates. */
  learningRateFactor?: number;
  /** Replaces the optimiser's weight decay: 0 for biases and normalisations. */
  weightDecay?: number;
  /** Not trained: no gradient is computed. */
  frozen?: boolean;
}

/** The first group that matches one of the names. */
export function groupOf(groups: readonly ParameterGroup[], names: readonly string[]): ParameterGroup | undefined {
  return groups.find((group) => matches(group, names));
}

/** True when the group is about a variable of one of these names. */
export function matches({ match }: ParameterGroup, names: readonly string[]): boolean {
  // `search`, as `test` goes on from where a pattern with the flag g matched before.
  return names.some((name) => (typeof match === 'string' ? name.includes(match) : name.search(match) >= 0));
}
