import type { PretrainedEncoder } from '@crossmodal/core/blocks';
import { type HuggingFaceCase, huggingFaceCase } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { loadAudioEncoder } from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend('cpu');

/** Gradients of `loss` by name against the library's; convolutions in the order of torch's axes. */
function compareGradients(golden: HuggingFaceCase, encoder: PretrainedEncoder<never>, loss: () => tf.Tensor): number {
  const variables = encoder.namedVariables();
  const { grads } = tf.variableGrads(() => loss() as tf.Scalar, encoder.trainableVariables());
  const names = Object.keys(golden.raw).filter((name) => name.startsWith('grad.') && variables[name.slice(5)]);
  for (const name of names) {
    const expected = golden.tensor(name);
    let gradient = grads[variables[name.slice(5)]!.name]!;
    if (/conv.*weight$/.test(name)) gradient = tf.transpose(gradient, [2, 1, 0]);
    if (/projection\.weight$/.test(name) && gradient.rank === 4) gradient = tf.transpose(gradient, [3, 2, 0, 1]);
    expect(gradient, name).toBeAllclose(expected, golden.tolerance(name));
  }
  return names.length;
}

describe('audio models against transformers', () => {
  it('ast', async () => {
    const golden = huggingFaceCase('ast');
    const encoder = await loadAudioEncoder(golden.folder);
    const features = golden.tensor('in.input_values');
    const both = (x: tf.Tensor) =>
      [encoder.encodeSequence({ features: x }).sequence, encoder.encode({ features: x })] as const;
    const [sequence, vector] = both(features);
    expect(sequence).toBeAllclose(golden.tensor('out.last_hidden_state'), golden.tolerance('out.last_hidden_state'));
    expect(vector).toBeAllclose(golden.tensor('out.pooler_output'), golden.tolerance('out.pooler_output'));
    const loss = (x: tf.Tensor) => {
      const [states, pooled] = both(x);
      return tf.add(
        tf.sum(tf.mul(states, golden.tensor('cotangent.last_hidden_state'))),
        tf.sum(tf.mul(pooled, golden.tensor('cotangent.pooler_output'))),
      );
    };
    expect(compareGradients(golden, encoder, () => loss(features))).toBe(3);
    const gradient = tf.grad((x) => loss(x))(features);
    expect(gradient).toBeAllclose(golden.tensor('grad.input_values'), golden.tolerance('grad.input_values'));
  });

  it.each(['wav2vec2_ctc', 'wav2vec2_stable'])('%s', async (name) => {
    const golden = huggingFaceCase(name);
    const encoder = await loadAudioEncoder(golden.folder);
    const inputs = {
      waveform: golden.tensor('in.input_values'),
      mask: tf.cast(golden.tensor('in.attention_mask'), 'float32'),
    };
    const { sequence, mask } = encoder.encodeSequence(inputs);
    // The library's hidden_states end before the last normalisation of the stable variant; its logits do not.
    const states = golden.tensor('out.last_hidden_state');
    if (name === 'wav2vec2_ctc') expect(sequence).toBeAllclose(states, golden.tolerance('out.last_hidden_state'));
    expect(mask!.shape).toEqual(sequence.shape.slice(0, 2));
    expect(encoder.logits!(inputs)).toBeAllclose(golden.tensor('out.logits'), golden.tolerance('out.logits'));
  });

  it("whisper's encoder", async () => {
    const golden = huggingFaceCase('whisper');
    const encoder = await loadAudioEncoder(golden.folder);
    const features = tf.transpose(golden.tensor('in.input_features'), [0, 2, 1]);
    expect(encoder.encodeSequence({ features }).sequence).toBeAllclose(
      golden.tensor('out.encoder_last_hidden_state'),
      golden.tolerance('out.encoder_last_hidden_state'),
    );
  });

  it("clap's audio tower", async () => {
    const golden = huggingFaceCase('clap');
    const encoder = await loadAudioEncoder(golden.folder);
    const features = tf.squeeze(golden.tensor('in.input_features'), [1]);
    const pooled = tf.mean(encoder.encodeSequence({ features }).sequence, 1);
    expect(pooled).toBeAllclose(golden.tensor('out.audio_pooled'), golden.tolerance('out.audio_pooled'));
    const vector = encoder.encode({ features });
    expect(tf.div(vector, tf.norm(vector, 2, 1, true))).toBeAllclose(
      golden.tensor('out.audio_embeds'),
      golden.tolerance('out.audio_embeds'),
    );
  });
});
