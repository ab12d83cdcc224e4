import type { Inputs } from '@crossmodal/core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Clips as `waveform` [batch, samples], short ones filled up behind with zeros, and `mask` where it is wanted.
 *
 * @param options.normalize each clip to mean zero and variance one
 * @param options.least samples at least
 */
export function normalizedClips(
  clips: readonly Float32Array[],
  { normalize, withMask, least }: { normalize: boolean; withMask: boolean; least: number },
): Inputs {
  const length = Math.max(least, ...clips.map((clip) => clip.length));
  const data = new Float32Array(clips.length * length);
  const mask = new Float32Array(clips.length * length);
  clips.forEach((clip, i) => {
    data.set(normalize ? standardized(clip) : clip, i * length);
    mask.fill(1, i * length, i * length + clip.length);
  });
  const waveform = tf.tensor2d(data, [clips.length, length]);
  return withMask ? { waveform, mask: tf.tensor2d(mask, [clips.length, length]) } : { waveform };
}

function standardized(clip: Float32Array): Float32Array {
  let mean = 0;
  for (const value of clip) mean += value / clip.length;
  let variance = 0;
  for (const value of clip) variance += (value - mean) ** 2 / clip.length;
  const scale = 1 / Math.sqrt(variance + 1e-7); // the extractor's own
  return clip.map((value) => (value - mean) * scale);
}
