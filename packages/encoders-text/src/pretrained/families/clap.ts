import { type Config, linear, linearSpecs } from '@crossmodal/core/blocks';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { TextArchitecture } from '../text-architecture.js';
import { bertLike, otherHeads } from './bert.js';

/** CLAP's text tower: RoBERTa, its pooler, and a projection of two layers. @see Wu et al. (2023) */
export function clapText(config: Config): TextArchitecture {
  const whole = config.text('model_type') === 'clap';
  const text = whole ? (config.part('text_config') ?? config) : config;
  const base = bertLike(text, { prefixes: ['text_model.'], positions: 'behindPadding' });
  const dimension = (whole ? config : text).size('projection_dim', 512);
  return {
    ...base,
    dimension,
    head: {
      ...linearSpecs('text_projection.linear1', base.width, dimension),
      ...linearSpecs('text_projection.linear2', dimension, dimension),
    },
    ignored: [...otherHeads, /^(audio_model|audio_projection|logit_scale_[at])(\.|$)/],
    // Buffers that transformers keeps in the files of this family.
    carried: /(^|\.)embeddings\.(position|token_type)_ids$/,
    written: {
      ...text.values,
      model_type: 'clap_text_model',
      architectures: ['ClapTextModelWithProjection'],
      projection_dim: dimension,
    },
    vector(encoded, parameters, inputs, run) {
      const pooled = base.vector(encoded, parameters, inputs, run);
      const inner = tf.relu(linear(parameters.head, 'text_projection.linear1', pooled));
      return linear(parameters.head, 'text_projection.linear2', inner) as Tensor2D;
    },
  };
}
