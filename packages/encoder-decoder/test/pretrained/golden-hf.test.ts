import { openFolder } from '@crossmodal/core/models';
import { loadAudioEncoder } from '@crossmodal/encoders-audio';
import { allclose, huggingFaceCase } from '@crossmodal/testkit';
import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { beam, greedy, loadEncoderDecoder, loadLanguageModel } from '../../src/index.js';
import { useTestBackend } from '../backend.js';

useTestBackend('cpu');

const rowsOf = (x: tf.Tensor): number[][] => x.arraySync() as number[][];

describe('GPT-2', () => {
  const golden = huggingFaceCase('gpt2');
  const load = async () => loadLanguageModel(await openFolder(golden.folder));

  it('has the logits, the loss and the gradients of transformers', async () => {
    const model = await load();
    tf.tidy(() => {
      const ids = golden.tensor('in.input_ids') as Tensor2D;
      const mask = tf.cast(golden.tensor('in.attention_mask'), 'float32') as Tensor2D;
      const real = (x: tf.Tensor) => tf.mul(x, tf.expandDims(mask, 2));
      allclose(real(model.logits(ids)), real(golden.tensor('out.logits')), golden.tolerance('out.logits'));
      const labels = golden.tensor('in.labels') as Tensor2D;
      const counted = tf.cast(tf.greaterEqual(labels, 0), 'float32') as Tensor2D;
      const named = model.namedVariables();
      const { value, grads } = tf.variableGrads(() => model.loss({ ids, mask: counted }).loss, Object.values(named));
      allclose(value, golden.tensor('out.loss'), golden.tolerance('out.loss'));
      for (const name of Object.keys(golden.raw).filter((key) => key.startsWith('grad.transformer'))) {
        const variable = named[name.slice('grad.'.length)]!;
        allclose(grads[variable.name]!, golden.tensor(name), golden.tolerance(name));
      }
    });
    model.dispose();
  });

  it('goes on as transformers does: greedy, and each beam with its score', async () => {
    const model = await load();
    const prompts = rowsOf(golden.tensor('in.prompt'));
    const length = prompts[0]!.length;
    const generated = await model.generate(prompts, { strategy: greedy(), maximumLength: 12 });
    expect(generated.map(([best]) => best!.ids)).toEqual(
      rowsOf(golden.tensor('out.greedy_ids')).map((row) => row.slice(length)),
    );
    const beams = await model.generate(prompts, { strategy: beam({ width: 3 }), maximumLength: 12 });
    expect(beams.flat().map(({ ids }) => ids)).toEqual(
      rowsOf(golden.tensor('out.beam_ids')).map((row) => row.slice(length)),
    );
    allclose(tf.tensor1d(beams.flat().map(({ score }) => score)), golden.tensor('out.beam_scores'), { rtol: 1e-4 });
    model.dispose();
  });
});

describe('Whisper', () => {
  const golden = huggingFaceCase('whisper');
  const tokenizer = { encode: () => [], decode: (ids: ArrayLike<number>) => Array.from(ids).join(' ') };

  it('has the logits, the loss and the greedy text of transformers', async () => {
    const files = await openFolder(golden.folder);
    const encoder = await loadAudioEncoder(files);
    const model = await loadEncoderDecoder(files, { encoder, tokenizer });
    const features = tf.tidy(() => tf.transpose(golden.tensor('in.input_features'), [0, 2, 1])) as Tensor3D;
    tf.tidy(() => {
      const labels = golden.tensor('in.labels') as Tensor2D;
      const mask = tf.cast(tf.greaterEqual(labels, 0), 'float32') as Tensor2D;
      const ids = tf.maximum(labels, 0) as Tensor2D;
      const batch = { inputs: { features }, targets: { ids, mask } };
      allclose(model.logits(batch), golden.tensor('out.logits'), golden.tolerance('out.logits'));
      allclose(model.loss(batch).loss, golden.tensor('out.loss'), golden.tolerance('out.loss'));
    });
    const wanted = rowsOf(golden.tensor('out.greedy_ids'));
    const generated = await model.generate({ features }, { maximumLength: 10 });
    expect(generated.map(([best]) => best!.ids)).toEqual(
      wanted.map((row) => row.slice(1).slice(0, row.indexOf(2) < 0 ? undefined : row.indexOf(2) - 1)),
    );
    features.dispose();
    model.dispose();
  });
});
