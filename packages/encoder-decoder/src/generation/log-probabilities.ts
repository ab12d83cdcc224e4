/** log softmax of one row of logits, in double precision; -Infinity stays. */
export function logProbabilities(logits: Float32Array): Float64Array {
  // Loops over places: iterators take several times as long, and a row may be a vocabulary of 50,000.
  const { length } = logits;
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < length; i++) if (logits[i]! > largest) largest = logits[i]!;
  let sum = 0;
  for (let i = 0; i < length; i++) sum += Math.exp(logits[i]! - largest);
  const normaliser = largest + Math.log(sum);
  const values = new Float64Array(length);
  for (let i = 0; i < length; i++) values[i] = logits[i]! - normaliser;
  return values;
}

/** The place of the largest value, the first of equal ones. */
export function largestPlace(values: ArrayLike<number>): number {
  let place = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[place]!) place = i;
  return place;
}
