/** How a whole number follows the batch size: `batch * numerator / denominator + offset`. */
export interface Extent {
  numerator: number;
  denominator: number;
  offset: number;
}

/** Batches are split into at most this many equal parts. */
const MAX_DENOMINATOR = 64;

/**
 * The extent behind a number that was seen at several batch sizes (three, so that a coincidence shows), or undefined
 * when it does not follow the batch in a straight line.
 */
export function fitExtent(seen: readonly number[], batches: readonly number[]): Extent | undefined {
  const [first, second] = seen as [number, number];
  if (seen.every((value) => value === first)) return { numerator: 0, denominator: 1, offset: first };
  const [b1, b2] = batches as [number, number];
  const slope = (second - first) / (b2 - b1);
  for (let denominator = 1; denominator <= MAX_DENOMINATOR; denominator++) {
    const numerator = slope * denominator;
    if (Math.abs(numerator - Math.round(numerator)) > 1e-9) continue;
    const extent = { numerator: Math.round(numerator), denominator, offset: first - slope * b1 };
    if (!Number.isInteger(extent.offset)) return undefined;
    return seen.every((value, i) => value === sizeAt(extent, batches[i]!)) ? extent : undefined;
  }
  return undefined;
}

export function sizeAt({ numerator, denominator, offset }: Extent, batch: number): number {
  return (batch * numerator) / denominator + offset;
}

/** The extent as the name of a dimension: `batch`, `2*batch`, `batch/2`, `3*batch + 1`. */
export function extentName({ numerator, denominator, offset }: Extent): string | number {
  if (numerator === 0) return offset;
  const scaled = numerator === 1 ? 'batch' : `${numerator}*batch`;
  const divided = denominator === 1 ? scaled : `${scaled}/${denominator}`;
  return offset === 0 ? divided : `${divided} ${offset < 0 ? '-' : '+'} ${Math.abs(offset)}`;
}
