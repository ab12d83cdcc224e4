import { huggingFaceCase } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { loadTextEncoder, type PretrainedTextEncoder } from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend('cpu');

type Case = ReturnType<typeof huggingFaceCase>;

/** Inputs of the library by our names. */
function inputsOf(golden: Case): Record<string, tf.Tensor> {
  const names = { input_ids: 'ids', attention_mask: 'mask', token_type_ids: 'typeIds' };
  const inputs: Record<string, tf.Tensor> = {};
  for (const [theirs, ours] of Object.entries(names)) {
    if (!golden.raw[`in.${theirs}`]) continue;
    const tensor = golden.tensor(`in.${theirs}`);
    inputs[ours] = ours === 'mask' ? tf.cast(tensor, 'float32') : tensor;
  }
  return inputs;
}

const wordTable = (encoder: PretrainedTextEncoder) => {
  const variables = encoder.namedVariables();
  return variables['embeddings.word_embeddings.weight'] ?? variables['embeddings.tok_embeddings.weight']!;
};

/** Gradients of `loss` by name, each compared with the library's. */
function compareGradients(golden: Case, encoder: PretrainedTextEncoder, loss: () => tf.Scalar, names: string[]): void {
  const variables = encoder.namedVariables();
  const { grads } = tf.variableGrads(loss, encoder.trainableVariables());
  for (const name of names) {
    const variable = variables[name]!;
    expect(variable, name).toBeDefined();
    expect(grads[variable.name]!, name).toBeAllclose(golden.tensor(`grad.${name}`), golden.tolerance(`grad.${name}`));
  }
}

const gradientNames = (golden: Case) =>
  Object.keys(golden.raw)
    .filter((name) => name.startsWith('grad.') && name !== 'grad.input_embeddings')
    .map((name) => name.slice(5));

/** The gradient of the table of words is that of the input embeddings, summed per word; torch does not train the row of padding. */
function wordGradient(golden: Case, words: number, padding: number): tf.Tensor {
  const ids = golden.tensor('in.input_ids');
  const gradient = golden.tensor('grad.input_embeddings');
  const width = gradient.shape.at(-1)!;
  const oneHot = tf.cast(tf.oneHot(tf.reshape(ids, [-1]) as tf.Tensor1D, words), 'float32') as tf.Tensor2D;
  const sums = tf.matMul(oneHot, tf.reshape(gradient, [-1, width]) as tf.Tensor2D, true);
  const trained = tf.tensor1d(Float32Array.from({ length: words }, (_, id) => (id === padding ? 0 : 1)));
  return tf.mul(sums, tf.expandDims(trained, 1));
}

describe('BERT and its kin against transformers', () => {
  it.each([
    'bert_one',
    'bert_padded',
    'bert_sharded',
    'bert_float16',
    'bert_bfloat16',
    'distilbert',
    'roberta',
    'xlm_roberta',
    'mpnet',
    'modernbert',
    'modernbert_window',
  ])('%s', async (name) => {
    const golden = huggingFaceCase(name);
    const encoder = await loadTextEncoder(golden.folder);
    const inputs = inputsOf(golden);
    const { sequence } = encoder.encodeSequence(inputs);
    expect(sequence).toBeAllclose(golden.tensor('out.last_hidden_state'), golden.tolerance('out.last_hidden_state'));
    const hasPooler = golden.raw['out.pooler_output'] !== undefined;
    if (hasPooler) {
      const vector = encoder.encode(inputs);
      expect(vector).toBeAllclose(golden.tensor('out.pooler_output'), golden.tolerance('out.pooler_output'));
    }
    const loss = () => {
      const first = tf.sum(
        tf.mul(encoder.encodeSequence(inputs).sequence, golden.tensor('cotangent.last_hidden_state')),
      );
      if (!hasPooler) return first as tf.Scalar;
      return tf.add(
        first,
        tf.sum(tf.mul(encoder.encode(inputs), golden.tensor('cotangent.pooler_output'))),
      ) as tf.Scalar;
    };
    compareGradients(golden, encoder, loss, gradientNames(golden));
    const table = wordTable(encoder);
    const { grads } = tf.variableGrads(loss, [table]);
    expect(grads[table.name]!).toBeAllclose(
      wordGradient(golden, table.shape[0]!, encoder.config['pad_token_id'] as number),
      golden.tolerance('grad.input_embeddings'),
    );
    const prepared = await encoder.prepare(golden.texts);
    const length = inputs['ids']!.shape[1]!;
    const cut = (tensor: tf.Tensor) => tf.slice(tensor, [0, 0], [golden.texts.length, length]);
    expect(cut(prepared['ids']!)).toBeAllclose(inputs['ids']!, { atol: 0 });
    expect(cut(prepared['mask']!)).toBeAllclose(inputs['mask']!, { atol: 0 });
  });

  it('sentence_cls, pooled at the first token', async () => {
    const golden = huggingFaceCase('sentence_cls');
    const encoder = await loadTextEncoder(golden.folder);
    const vectors = encoder.encode(await encoder.prepare(golden.texts));
    expect(vectors).toBeAllclose(golden.tensor('out.encode'), golden.tolerance('out.sentence_embedding'));
  });

  it('sentence_mean, pooled and normalised as its folder says', async () => {
    const golden = huggingFaceCase('sentence_mean');
    const encoder = await loadTextEncoder(golden.folder);
    const vectors = encoder.encode(await encoder.prepare(golden.texts));
    expect(vectors).toBeAllclose(golden.tensor('out.encode'), golden.tolerance('out.sentence_embedding'));
    const inputs = inputsOf(golden);
    const loss = () =>
      tf.sum(tf.mul(encoder.encode(inputs), golden.tensor('cotangent.sentence_embedding'))) as tf.Scalar;
    compareGradients(golden, encoder, loss, gradientNames(golden));
  });

  it('gpt2, states and logits', async () => {
    const golden = huggingFaceCase('gpt2');
    const encoder = await loadTextEncoder(golden.folder);
    const inputs = inputsOf(golden);
    const { sequence } = encoder.encodeSequence(inputs);
    expect(sequence).toBeAllclose(golden.tensor('out.last_hidden_state'), golden.tolerance('out.last_hidden_state'));
    expect(encoder.logits!(inputs)).toBeAllclose(golden.tensor('out.logits'), golden.tolerance('out.logits'));
    // Cross entropy of each next token, padding (-100) left out.
    const [labels, ids] = [golden.tensor('in.labels'), inputs['ids']!];
    const [batch, length] = ids.shape as [number, number];
    const next = tf.slice(labels, [0, 1], [batch, length - 1]);
    const counted = tf.cast(tf.notEqual(next, tf.scalar(-100, 'int32')), 'float32');
    const words = encoder.namedVariables()['transformer.wte.weight']!.shape[0]!;
    const targets = tf.cast(tf.oneHot(tf.maximum(next, tf.scalar(0, 'int32')) as tf.Tensor1D, words), 'float32');
    const loss = () => {
      const logits = tf.slice(encoder.logits!(inputs), [0, 0, 0], [batch, length - 1, words]);
      const losses = tf.neg(tf.sum(tf.mul(tf.logSoftmax(logits), targets), 2));
      return tf.div(tf.sum(tf.mul(losses, counted)), tf.sum(counted)) as tf.Scalar;
    };
    expect(loss()).toBeAllclose(golden.tensor('out.loss'), golden.tolerance('out.loss'));
    compareGradients(golden, encoder, loss, gradientNames(golden));
  });
});

describe('text towers of joint models', () => {
  it.each(['clip', 'clip_published_eos', 'siglip', 'clap'])('%s', async (name) => {
    const golden = huggingFaceCase(name);
    const encoder = await loadTextEncoder(golden.folder);
    const inputs = inputsOf(golden);
    const vector = encoder.encode(inputs);
    expect(tf.div(vector, tf.norm(vector, 2, 1, true))).toBeAllclose(
      golden.tensor('out.text_embeds'),
      golden.tolerance('out.text_embeds'),
    );
    if (golden.raw['out.text_last_hidden_state']) {
      expect(encoder.encodeSequence(inputs).sequence).toBeAllclose(
        golden.tensor('out.text_last_hidden_state'),
        golden.tolerance('out.text_last_hidden_state'),
      );
    }
  });
});
