import { Random } from '@crossmodal/core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';

/** Standard normal values, the same for the same seed. */
export function seededMatrix(rows: number, columns: number, seed: number): Tensor2D {
  const values = new Float32Array(rows * columns);
  new Random(seed).fillNormal(values);
  return tf.tensor2d(values, [rows, columns]);
}

/** A small feature extractor over vectors. */
export function denseFeatures(inputs: number, units: number, seed: number): tfl.LayersModel {
  const input = tfl.input({ shape: [inputs] });
  const layer = tfl.layers.dense({
    units,
    activation: 'relu',
    kernelInitializer: tfl.initializers.glorotUniform({ seed }),
  });
  return tfl.model({ inputs: input, outputs: layer.apply(input) as tfl.SymbolicTensor });
}

/**
 * Three classes in two domains. Four columns tell the class in both domains, not quite reliably. Three more tell it better,
 * but in the source only: in the target they always say the same. Whoever learns from the source alone trusts them.
 */
export function shiftedDomains(
  rows: number,
  domain: 'source' | 'target',
  seed: number,
): { x: Tensor2D; labels: Tensor1D } {
  const random = new Random(seed).fork(domain);
  const values: number[][] = [];
  const labels: number[] = [];
  for (let i = 0; i < rows; i++) {
    const label = random.integer(3);
    const shown = domain === 'source' ? label : 0;
    const honest = Array.from({ length: 4 }, (_, d) => (d === label ? 1.5 : 0) + 0.5 * random.normal());
    const misleading = Array.from({ length: 3 }, (_, d) => (d === shown ? 1.5 : 0) + 0.3 * random.normal());
    values.push([...honest, ...misleading]);
    labels.push(label);
  }
  return { x: tf.tensor2d(values), labels: tf.tensor1d(labels, 'int32') };
}
