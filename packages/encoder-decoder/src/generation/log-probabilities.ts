/** log softmax of one row of logits, in double precision; -Infinity stays. */
export function logProbabilities(logits: Float32Array): Float64Array {
  let largest = Number.NEGATIVE_INFINITY;
  for (const value of logits) if (value > largest) largest = value;
  let sum = 0;
  for (const value of logits) sum += Math.exp(value - largest);
  const normaliser = largest + Math.log(sum);
  return Float64Array.from(logits, (value) => value - normaliser);
}

/** The place of the largest value, the first of equal ones. */
export function largestPlace(values: ArrayLike<number>): number {
  let place = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[place]!) place = i;
  return place;
}
