import type { PretrainedEncoder } from '@crossmodal/core/blocks';
import { type HuggingFaceCase, huggingFaceCase } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { astFeatures, loadAudioEncoder, type Spectrogram, whisperFeatures } from '../src/index.js';
import { useTestBackend } from './backend.js';
import { ctcLoss } from './ctc-loss.js';

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

const spectrogramTensor = ({ data, shape }: Spectrogram) => tf.tensor2d(data, [...shape]);

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
    const frames = Array.from(tf.sum(mask!, 1).dataSync());
    const labels = (golden.tensor('in.labels').arraySync() as number[][]).map((row) => row.filter((id) => id >= 0));
    const reduction = (golden.options['config'] as { ctc_loss_reduction: 'mean' | 'sum' }).ctc_loss_reduction;
    const loss = (waveform: tf.Tensor) =>
      ctcLoss(encoder.logits!({ ...inputs, waveform }) as tf.Tensor3D, labels, { frames, reduction });
    expect(loss(inputs.waveform)).toBeAllclose(golden.tensor('out.loss'), golden.tolerance('out.loss'));
    expect(compareGradients(golden, encoder, () => loss(inputs.waveform))).toBeGreaterThanOrEqual(2);
    const gradient = tf.grad((x) => loss(x))(inputs.waveform);
    expect(gradient).toBeAllclose(golden.tensor('grad.input_values'), golden.tolerance('grad.input_values'));
  });

  it.each(['whisper', 'whisper_relu'])("%s's encoder", async (name) => {
    const golden = huggingFaceCase(name);
    const encoder = await loadAudioEncoder(golden.folder);
    const features = tf.transpose(golden.tensor('in.input_features'), [0, 2, 1]);
    expect(encoder.encodeSequence({ features }).sequence).toBeAllclose(
      golden.tensor('out.encoder_last_hidden_state'),
      golden.tolerance('out.encoder_last_hidden_state'),
    );
  });

  it('whisper and ast: recordings become what their feature extractors make', async () => {
    const tone = Float32Array.from({ length: 16000 }, (_, t) => 0.3 * Math.sin(t * 0.21) + 0.1 * Math.sin(t * 0.037));
    const recording = { samples: tone, sampleRate: 16000 };
    const bands = huggingFaceCase('whisper').options['config'] as { num_mel_bins: number };
    const whisper = await loadAudioEncoder(huggingFaceCase('whisper').folder);
    const { features } = await whisper.prepare([recording]);
    expect(tf.squeeze(features!, [0])).toBeAllclose(
      spectrogramTensor(whisperFeatures(tone, { bands: bands.num_mel_bins })),
      {
        atol: 0,
      },
    );
    const ast = await loadAudioEncoder(huggingFaceCase('ast').folder);
    const prepared = await ast.prepare([recording]);
    expect(tf.squeeze(prepared['features']!, [0])).toBeAllclose(
      spectrogramTensor(astFeatures(tone, { bands: 24, frames: 40 })),
      { atol: 0 },
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
