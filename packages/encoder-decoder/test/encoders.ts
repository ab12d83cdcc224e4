import { defineEncoder, type Encoder, loadSavedModel, type ModelFiles } from '@crossmodal/core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';

/** Rows of numbers, `frames` [batch, length, inputs] and `mask` [batch, length], through one layer. */
export function frameEncoder({
  length,
  inputs,
  dimension,
  seed = 1,
}: {
  length: number;
  inputs: number;
  dimension: number;
  seed?: number;
}): Encoder<readonly (readonly number[])[]> {
  const frames = tfl.input({ shape: [length, inputs], name: 'frames' });
  const mask = tfl.input({ shape: [length], name: 'mask' });
  const places = tfl.layers
    .dense({
      units: dimension,
      activation: 'tanh',
      kernelInitializer: tfl.initializers.glorotUniform({ seed }),
      name: 'layer',
    })
    .apply(frames) as tfl.SymbolicTensor;
  const vector = tfl.layers.globalAveragePooling1d({}).apply(places) as tfl.SymbolicTensor;
  return defineEncoder<readonly (readonly number[])[]>({
    modality: 'frames',
    model: tfl.model({ inputs: [frames, mask], outputs: vector }),
    sequenceModel: tfl.model({ inputs: [frames, mask], outputs: places }),
    inputs: ['frames', 'mask'],
    prepare: async (items) => ({
      frames: tf.tensor3d(
        items.map((item) => Array.from({ length }, (_, t) => [...(item[t] ?? new Array<number>(inputs).fill(0))])),
      ),
      mask: tf.tensor2d(items.map((item) => Array.from({ length }, (_, t) => Number(t < item.length)))),
    }),
    saved: { type: 'frames', options: { length, inputs, dimension, seed } },
  });
}

/** The encoder that was saved. */
export const loadFrameEncoder = (files: ModelFiles) =>
  loadSavedModel(files, { frames: (options) => frameEncoder(options as never) }, { where: 'loadFrameEncoder' });

/** Digits as rows with a one: what a text of digits looks like to `frameEncoder`. */
export const digitFrames = (digits: readonly number[], classes = 5): number[][] =>
  digits.map((digit) => Array.from({ length: classes }, (_, k) => Number(k === digit)));
