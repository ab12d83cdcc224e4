import type { PlaneShape, Point } from './shapes.js';

/** What samples cover of a shape. */
export interface Coverage {
  /** Share of samples within three deviations of the shape. */
  good: number;
  /** Parts with at least one good sample. */
  covered: number;
  /** Divergence in nats of the good samples' distribution over parts from the equal one; log(parts) when all are in one. */
  divergence: number;
}

/**
 * How many parts of a shape samples reach, how evenly, and how many of them are on it.
 *
 * @see Srivastava et al., VEEGAN (2017), section 4.1; Lin et al., PacGAN (2018), section 4.1
 */
export function coverageOf({ parts, deviation, nearest }: PlaneShape, samples: readonly Point[]): Coverage {
  const counts = new Array<number>(parts).fill(0);
  let good = 0;
  for (const sample of samples) {
    const { part, distance } = nearest(sample);
    if (distance > 3 * deviation) continue;
    good++;
    counts[part]!++;
  }
  const shares = counts.filter((count) => count > 0).map((count) => count / good);
  return {
    good: good / samples.length,
    covered: shares.length,
    divergence: good === 0 ? Math.log(parts) : shares.reduce((sum, share) => sum + share * Math.log(share * parts), 0),
  };
}
