import { CrossmodalError, type Random, randomNormal } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** The noise given, one row repeated for all, or drawn. */
export function noiseRows(
  caller: string,
  rows: number,
  dimension: number,
  { random, noise }: { random?: Random | undefined; noise?: Tensor2D | undefined },
): Tensor2D {
  if (!noise) {
    if (!random) throw new CrossmodalError(`${caller}: pass { random: new Random(seed) } or { noise }`);
    return randomNormal<Tensor2D>([rows, dimension], { random });
  }
  if (noise.rank !== 2 || noise.shape[1] !== dimension || (noise.shape[0] !== rows && noise.shape[0] !== 1)) {
    throw new CrossmodalError(`${caller}: noise must be [${rows} or 1, ${dimension}], got [${noise.shape}]`);
  }
  return noise.shape[0] === rows ? tf.clone(noise) : tf.tile(noise, [rows, 1]);
}
