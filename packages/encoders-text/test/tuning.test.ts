import { freeze, loadLora, lora } from '@crossmodal/core/tuning';
import { huggingFaceCase } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { bagEncoder, characterTokenizer, loadTextEncoder } from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend('cpu');

const { folder, texts } = huggingFaceCase('sentence_mean');

/** One step of plain gradient descent on the sum of squares of the vectors' first halves. */
function step(encoder: Awaited<ReturnType<typeof loadTextEncoder>>, inputs: Record<string, tf.Tensor>): void {
  tf.tidy(() => {
    const loss = () => tf.sum(tf.square(tf.slice(encoder.encode(inputs), [0, 0], [-1, 16]))) as tf.Scalar;
    const variables = encoder.trainableVariables();
    const { grads } = tf.variableGrads(loss, variables);
    for (const variable of variables) {
      const gradient = grads[variable.name]; // the pooler's are of no use here, and have none
      if (gradient) variable.assign(tf.sub(variable, tf.mul(gradient, 0.5)));
    }
  });
}

describe('freeze', () => {
  it('leaves the named parts in training, and can be undone', async () => {
    const encoder = await loadTextEncoder(folder);
    const all = encoder.trainableVariables().length;
    const undo = freeze(encoder, { except: ['encoder.layer.1.', /embeddings\.LayerNorm/] });
    const names = Object.entries(encoder.namedVariables()).flatMap(([name, { trainable }]) =>
      trainable ? [name] : [],
    );
    expect(names).toHaveLength(16 + 2);
    expect(names.every((name) => /encoder\.layer\.1\.|embeddings\.LayerNorm/.test(name))).toBe(true);
    undo();
    expect(encoder.trainableVariables()).toHaveLength(all);
    expect(() => freeze(encoder, { except: ['layer.9'] })).toThrow(
      /except has layer\.9, which fits no variable; the names are such as/,
    );
  });
});

describe('lora', () => {
  it('changes nothing at first, trains only its own, and merges into equal vectors', async () => {
    const encoder = await loadTextEncoder(folder);
    const inputs = await encoder.prepare(texts);
    const before = encoder.encode(inputs);
    const adapted = lora(encoder, { rank: 2, seed: 1 });
    expect(adapted.names).toEqual(
      [0, 1].flatMap((i) => ['query', 'value'].map((part) => `encoder.layer.${i}.attention.self.${part}`)),
    );
    expect(encoder.encode(inputs)).toBeAllclose(before, { atol: 0, rtol: 0 });
    expect(encoder.trainableVariables()).toHaveLength(8);
    step(encoder, inputs);
    step(encoder, inputs);
    const after = encoder.encode(inputs);
    expect(tf.max(tf.abs(tf.sub(after, before))).dataSync()[0]).toBeGreaterThan(1e-3);
    adapted.merge();
    expect(encoder.encode(inputs)).toBeAllclose(after, { atol: 2e-6 });
    expect(Object.keys(encoder.namedVariables()).some((name) => name.includes('lora'))).toBe(false);
  });

  it('is saved and loaded in the layout of PEFT', async () => {
    const encoder = await loadTextEncoder(folder);
    const inputs = await encoder.prepare(texts);
    const adapted = lora(encoder, { rank: 3, alpha: 6, targets: 'linear', seed: 2 });
    step(encoder, inputs);
    const files = await adapted.files();
    expect([...files.keys()]).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
    const other = await loadTextEncoder(folder);
    const loaded = await loadLora(other, files);
    expect(loaded.names).toEqual(adapted.names);
    expect(other.encode(inputs)).toBeAllclose(encoder.encode(inputs), { atol: 0, rtol: 0 });
    loaded.remove();
    const plain = await loadTextEncoder(folder);
    expect(other.encode(inputs)).toBeAllclose(plain.encode(inputs), { atol: 0, rtol: 0 });
  });

  it("turns the product around for GPT-2's weights", async () => {
    const { folder: gpt2 } = huggingFaceCase('gpt2');
    const encoder = await loadTextEncoder(gpt2);
    const inputs = await encoder.prepare(['a red boat']);
    const adapted = lora(encoder, { targets: 'linear', seed: 3 });
    step(encoder, inputs);
    const after = encoder.encode(inputs);
    adapted.merge();
    expect(encoder.encode(inputs)).toBeAllclose(after, { atol: 1e-5 });
  });

  it('says what it cannot adapt', async () => {
    const encoder = await loadTextEncoder(folder);
    expect(() => lora(encoder, { targets: ['nothing'], seed: 1 })).toThrow(
      /no linear map ends with nothing; there are such as/,
    );
    expect(() => lora(encoder, { rank: 0, seed: 1 })).toThrow(/rank must be a whole number of at least 1, got 0/);
    lora(encoder, { seed: 1 });
    expect(() => lora(encoder, { seed: 1 })).toThrow(/adapted already; merge or remove/);
    const own = bagEncoder({ tokenizer: characterTokenizer(), dimension: 4, seed: 1 });
    expect(() => lora(own, { seed: 1 })).toThrow(/made of layers/);
  });
});
