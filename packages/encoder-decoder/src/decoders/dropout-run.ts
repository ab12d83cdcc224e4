import { Random } from '@crossmodal/core';
import type { Run } from '@crossmodal/core/blocks';
import { dropout } from '@crossmodal/core/layers';

/** How a decoder runs: `drop` sets a share of the values to zero when it trains, from a stream of its own. */
export function dropoutRuns(seed: number): (training: boolean) => Run {
  const random = new Random(seed).fork('dropout');
  return (training) => ({
    training,
    drop: (x, rate) => (training && rate > 0 ? dropout(x, { rate, random, training }) : x),
  });
}
