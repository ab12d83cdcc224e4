import type { WeightSpecs } from '@crossmodal/core';
import { CrossmodalError } from '@crossmodal/core';
import {
  activationOf,
  batchNormalization,
  batchNormSpecs,
  type Config,
  convolutionSpecs,
  cubicMatrix,
  layerNormalization,
  linear,
  linearSpecs,
  normSpecs,
  type Parameters,
  type Run,
  repeated,
  type TransformerLayer,
  transformerLayer,
  transformerLayerSpecs,
  under,
} from '@crossmodal/core/blocks';
import type { Tensor, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { clapFeatures } from '../../features/clap.js';
import type { AudioArchitecture } from '../audio-architecture.js';
import { stackedFeatures } from '../stacked-features.js';

/**
 * CLAP's audio tower HTS-AT: a Swin Transformer over a spectrogram folded into a square, and a projection of two layers.
 *
 * @see Chen et al. (2022), "HTS-AT"; Liu et al. (2021), "Swin transformer"; Wu et al. (2023), CLAP
 */
export function clapAudio(config: Config): AudioArchitecture {
  const whole = config.text('model_type') === 'clap';
  const audio = whole ? (config.part('audio_config') ?? config) : config;
  if (audio.flag('enable_fusion')) {
    throw new CrossmodalError(
      `${audio.label}: enable_fusion must be false, fusion of long recordings is not supported`,
      {
        remedy: "take an 'unfused' checkpoint",
      },
    );
  }
  const side = audio.size('spec_size', 256);
  const bands = audio.size('num_mel_bins', 64);
  const patch = audio.size('patch_size', 4);
  const stride = audio.sizes('patch_stride', [4, 4]);
  const first = audio.size('patch_embeds_hidden_size', 96);
  const depths = audio.sizes('depths', [2, 2, 6, 2]);
  const heads = audio.sizes('num_attention_heads', [4, 8, 16, 32]);
  const window = audio.size('window_size', 8);
  const epsilon = audio.number('layer_norm_eps', 1e-5);
  const ratio = audio.number('mlp_ratio', 4);
  const withPatchNorm = audio.flag('enable_patch_layer_norm', true);
  const fold = Math.floor(side / bands);
  if (stride.length !== 2 || stride[0] !== patch || stride[1] !== patch || heads.length !== depths.length) {
    throw new CrossmodalError(
      `${audio.label}: patch_stride must be patch_size, and depths and num_attention_heads alike`,
    );
  }
  const stages = depths.map((depth, i) =>
    stageOf({ width: first * 2 ** i, side: Math.floor(side / patch / 2 ** i), depth }),
  );
  function stageOf({ width, side: grid, depth }: { width: number; side: number; depth: number }) {
    const own = Math.min(window, grid);
    if (grid % own !== 0) {
      throw new CrossmodalError(`${audio.label}: window_size must divide the grid, got ${own} and ${grid}`);
    }
    return { width, grid, depth, window: own, shifts: grid > window };
  }
  const layerOf = (stage: number): TransformerLayer => ({
    width: stages[stage]!.width,
    hidden: Math.trunc(ratio * stages[stage]!.width),
    heads: heads[stage]!,
    names: {
      projections: ['attention.self.query', 'attention.self.key', 'attention.self.value'],
      output: 'attention.output.dense',
      attentionNorm: 'layernorm_before',
      inner: 'intermediate.dense',
      outer: 'output.dense',
      feedForwardNorm: 'layernorm_after',
    },
    normalization: 'pre',
    epsilon,
    activation: activationOf(audio.label, audio.text('hidden_act', 'gelu')),
    bias: { attention: audio.flag('qkv_bias', true), output: true },
    dropout: {
      hidden: audio.number('attention_probs_dropout_prob', 0),
      attention: audio.number('attention_probs_dropout_prob', 0),
      feedForward: audio.number('hidden_dropout_prob', 0.1),
    },
  });
  const width = stages.at(-1)!.width;
  const dimension = (whole ? config : audio).size('projection_dim', 512);
  const body: WeightSpecs = {
    ...batchNormSpecs('batch_norm', bands),
    ...convolutionSpecs('patch_embed.proj', 1, first, patch, { bias: true }),
    ...(withPatchNorm ? normSpecs('patch_embed.norm', first) : {}),
    ...repeated('layers', stages.length, (stage) => ({
      ...repeated('blocks', stages[stage]!.depth, () => ({
        ...transformerLayerSpecs(layerOf(stage)),
        'attention.self.relative_position_bias_table': { shape: [(2 * window - 1) ** 2, heads[stage]!] },
      })),
      ...(stage < stages.length - 1 ? mergingSpecs(stages[stage]!.width) : {}),
    })),
    ...normSpecs('norm', width),
  };
  return {
    dimension,
    body: under('audio_encoder', body),
    head: {
      ...linearSpecs('audio_projection.linear1', width, dimension),
      ...linearSpecs('audio_projection.linear2', dimension, dimension),
    },
    prefixes: ['audio_model.', ''],
    ignored: [/^(text_model|text_projection|logit_scale_[at])(\.|$)/],
    carried: /(num_batches_tracked|relative_position_index)$/,
    inputs: ['features'],
    written: {
      ...audio.values,
      model_type: 'clap_audio_model',
      architectures: ['ClapAudioModelWithProjection'],
      projection_dim: dimension,
    },
    sequence(root, inputs, run) {
      const parameters = root.at('audio_encoder');
      const features = inputs['features'] as Tensor3D;
      const folded = foldedSpectrogram(parameters, features, { side, bands, fold }, run);
      const weight = parameters.get('patch_embed.proj.weight') as Tensor as Tensor4D;
      const map = tf.add(tf.conv2d(folded, weight, patch, 'valid'), parameters.get('patch_embed.proj.bias'));
      const [batch, rows, columns] = map.shape as [number, number, number, number];
      let x: Tensor = tf.reshape(map, [batch, rows * columns, first]);
      if (withPatchNorm) x = layerNormalization(parameters, 'patch_embed.norm', x, 1e-5);
      stages.forEach((stage, i) => {
        const at = parameters.at(`layers.${i}`);
        for (let block = 0; block < stage.depth; block++) {
          const shift = stage.shifts && block % 2 === 1 ? Math.floor(window / 2) : 0;
          x = windowedLayer(at.at(`blocks.${block}`), x as Tensor3D, layerOf(i), { ...stage, shift }, run);
        }
        if (i < stages.length - 1) x = merged(at.at('downsample'), x as Tensor3D, stage.grid);
      });
      return { sequence: layerNormalization(parameters, 'norm', x, 1e-5) as Tensor3D };
    },
    vector({ sequence }, { head }) {
      const inner = linear(head, 'audio_projection.linear1', tf.mean(sequence, 1));
      return linear(head, 'audio_projection.linear2', tf.relu(inner)) as Tensor2D;
    },
    preparation(settings) {
      const options = {
        seconds: settings.size('max_length_s', 10),
        minimumFrequency: settings.number('frequency_min', 50),
        maximumFrequency: settings.number('frequency_max', 14000),
      };
      return {
        sampleRate: settings.size('sampling_rate', 48000),
        inputs: (clips) => stackedFeatures(clips.map((clip) => clapFeatures(clip, options))),
      };
    },
  };
}

const mergingSpecs = (width: number): WeightSpecs => ({
  ...normSpecs('downsample.norm', 4 * width),
  ...linearSpecs('downsample.reduction', 4 * width, 2 * width, { bias: false }),
});

/** Bands are normalised, time is stretched to a multiple of the side, and its pieces are put one below the other. */
function foldedSpectrogram(
  parameters: Parameters,
  features: Tensor3D,
  { side, bands, fold }: { side: number; bands: number; fold: number },
  run: Run,
): Tensor4D {
  const [batch, frames, found] = features.shape;
  const length = side * fold;
  if (frames > length || found !== bands) {
    throw new CrossmodalError(`encode: features must be [batch, at most ${length}, ${bands}], got [${features.shape}]`);
  }
  let x = tf.squeeze(batchNormalization(parameters, 'batch_norm', tf.expandDims(features, 1) as Tensor4D, run), [1]);
  if (frames < length) {
    const matrix = tf.tensor3d(cubicMatrix(frames, length, { alignCorners: true }), [1, length, frames]);
    x = tf.matMul(tf.tile(matrix, [batch, 1, 1]), x);
  }
  const pieces = tf.transpose(tf.reshape(x, [batch, fold, side, bands]), [0, 1, 3, 2]);
  return tf.reshape(pieces, [batch, fold * bands, side, 1]) as Tensor4D;
}

/** A Transformer layer within windows of a grid, which are moved by `shift`. */
function windowedLayer(
  parameters: Parameters,
  x: Tensor3D,
  layer: TransformerLayer,
  { grid, window, shift }: { grid: number; window: number; shift: number },
  run: Run,
): Tensor {
  const [batch, , width] = x.shape;
  const count = grid / window;
  const places = window * window;
  const moved = rolled(tf.reshape(x, [batch, grid, grid, width]), shift);
  const cut = tf.transpose(tf.reshape(moved, [batch, count, window, count, window, width]), [0, 1, 3, 2, 4, 5]);
  const windows = tf.reshape(cut, [batch * count * count, places, width]);
  const table = parameters.get('attention.self.relative_position_bias_table');
  const rows = tf.gather(table, tf.tensor1d(relativeIndex(window), 'int32'));
  let bias: Tensor = tf.reshape(tf.transpose(rows, [1, 0]), [1, layer.heads, places, places]);
  if (shift > 0) {
    const mask = tf.tensor(shiftMask(grid, window, shift), [count * count, 1, places, places]);
    bias = tf.add(bias, tf.tile(mask, [batch, 1, 1, 1]));
  }
  const y = transformerLayer(parameters, windows, layer, { bias }, run);
  const joined = tf.transpose(tf.reshape(y, [batch, count, count, window, window, width]), [0, 1, 3, 2, 4, 5]);
  const back = rolled(tf.reshape(joined, [batch, grid, grid, width]), -shift);
  return tf.reshape(back, [batch, grid * grid, width]);
}

/** A grid whose first rows and columns go to the end. */
function rolled(x: Tensor, shift: number): Tensor {
  if (shift === 0) return x;
  return [1, 2].reduce((y, axis) => {
    const size = y.shape[axis]!;
    const first = ((shift % size) + size) % size;
    const [begin, end] = tf.split(y, [first, size - first], axis) as [Tensor, Tensor];
    return tf.concat([end, begin], axis);
  }, x);
}

/** The row of the table for each pair of places of a window, by how they lie to each other. */
function relativeIndex(window: number): Int32Array {
  const places = window * window;
  const index = new Int32Array(places * places);
  for (let a = 0; a < places; a++) {
    for (let b = 0; b < places; b++) {
      const rows = Math.floor(a / window) - Math.floor(b / window) + window - 1;
      index[a * places + b] = rows * (2 * window - 1) + ((a % window) - (b % window) + window - 1);
    }
  }
  return index;
}

/** -100 between places of a moved window that were not neighbours. */
function shiftMask(grid: number, window: number, shift: number): Float32Array {
  const region = (place: number) => (place >= grid - shift ? 2 : place >= grid - window ? 1 : 0);
  const count = grid / window;
  const places = window * window;
  const mask = new Float32Array(count * count * places * places);
  for (let w = 0; w < count * count; w++) {
    const regions = Array.from({ length: places }, (_, place) => {
      const row = Math.floor(w / count) * window + Math.floor(place / window);
      const column = (w % count) * window + (place % window);
      return 3 * region(row) + region(column);
    });
    for (let a = 0; a < places; a++) {
      for (let b = 0; b < places; b++) if (regions[a] !== regions[b]) mask[(w * places + a) * places + b] = -100;
    }
  }
  return mask;
}

/** Four neighbours become one, through a linear map. */
function merged(parameters: Parameters, x: Tensor3D, grid: number): Tensor {
  const [batch, , width] = x.shape;
  const half = grid / 2;
  const cut = tf.reshape(x, [batch, half, 2, half, 2, width]);
  // Row after row within a column, as the files were trained.
  const near = tf.reshape(tf.transpose(cut, [0, 1, 3, 4, 2, 5]), [batch, half * half, 4 * width]);
  return linear(parameters, 'reduction', layerNormalization(parameters, 'norm', near, 1e-5));
}
