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

/** The first group that matches the name. */
export function groupOf(groups: readonly ParameterGroup[], name: string): ParameterGroup | undefined {
  return groups.find(({ match }) => (typeof match === 'string' ? name.includes(match) : match.test(name)));
}
