import { fileURLToPath } from 'node:url';
import { memoryFile, openWeights } from '@crossmodal/core';
import { openFolder } from '@crossmodal/core/models';
import { sgd } from '@crossmodal/core/optimisers';
import { type StoredTensor, safetensorsPieces, toTensor } from '@crossmodal/core/safetensors';
import { readSafetensors } from '@crossmodal/core/safetensors/files';
import { trainStep } from '@crossmodal/core/step';
import { freeze, layerwiseRates, linearProbe, loadLora, lora } from '@crossmodal/core/tuning';
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
    const undo = freeze(encoder, { except: ['encoder.layer.1.', /embeddings\.LayerNorm/g] }); // g: which state a pattern keeps must not matter
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
    expect(() => lora(encoder, { rank: 0, seed: 1 })).toThrow(/rank must be an integer of at least 1, got 0/);
    lora(encoder, { seed: 1 });
    expect(() => lora(encoder, { seed: 1 })).toThrow(/adapted already; merge or remove/);
    const own = bagEncoder({ tokenizer: characterTokenizer(), dimension: 4, seed: 1 });
    expect(() => lora(own, { seed: 1 })).toThrow(/made of layers/);
  });
});

describe('adapters of PEFT', () => {
  const adapters = fileURLToPath(new URL('./golden/peft/', import.meta.url));
  const load = async (name: string, base: string) => {
    const encoder = await loadTextEncoder(huggingFaceCase(base).folder);
    const { tensors } = await readSafetensors(`${adapters}${name}-io.safetensors`);
    const tensor = (key: string) => toTensor(tensors.get(key)!);
    const inputs = {
      ids: tf.cast(tensor('in.input_ids'), 'int32'),
      mask: tf.cast(tensor('in.attention_mask'), 'float32'),
    };
    const output = () => (encoder.logits ? encoder.logits(inputs) : encoder.encodeSequence(inputs).sequence);
    // What the model says at padding is nobody's business, but PEFT's and ours agree there, too.
    return { encoder, output, expected: tensor('out'), files: await openFolder(`${adapters}${name}`) };
  };

  it.each([
    ['bert', 'bert_padded'],
    ['bert_patterns', 'bert_padded'],
    ['bert_rslora', 'bert_padded'],
    ['gpt2', 'gpt2'],
    ['distilbert', 'distilbert'],
  ])('%s: loaded, merged, and saved again', async (name, base) => {
    const { encoder, output, expected, files } = await load(name, base);
    const adapted = await loadLora(encoder, files);
    expect(output()).toBeAllclose(expected, { rtol: 1e-4, atol: 2e-5 });
    const again = await load(name, base);
    await loadLora(again.encoder, await adapted.files());
    expect(again.output()).toBeAllclose(expected, { rtol: 1e-4, atol: 2e-5 });
    adapted.merge();
    expect(output()).toBeAllclose(expected, { rtol: 1e-4, atol: 2e-5 });
  });

  it('takes adapters of a model for a task, whose encoder has a name of its own', async () => {
    const { encoder, output, expected, files } = await load('bert', 'bert_padded');
    const weights = await openWeights(new Map([['model.safetensors', files.get('adapter_model.safetensors')!]]), {
      where: 'test',
    });
    const renamed = new Map<string, StoredTensor>();
    for (const key of weights.entries.keys()) {
      renamed.set(key.replace('base_model.model.', 'base_model.model.bert.'), await weights.read(key));
    }
    const label = 'adapter_model.safetensors';
    await loadLora(encoder, new Map([...files, [label, memoryFile(safetensorsPieces(renamed), { label })]]));
    expect(output()).toBeAllclose(expected, { rtol: 1e-4, atol: 2e-5 });
  });

  it('refuses kinds that it does not know, and adapters of another model', async () => {
    const { encoder, files } = await load('bert', 'bert_padded');
    const config = JSON.parse(new TextDecoder().decode(await files.get('adapter_config.json')!.read()));
    const changed = (values: object) =>
      new Map([
        ...files,
        ['adapter_config.json', memoryFile(JSON.stringify({ ...config, ...values }), { label: 'a.json' })],
      ]);
    await expect(loadLora(encoder, changed({ use_dora: true }))).rejects.toThrow(/a\.json: use_dora must be false/);
    await expect(loadLora(encoder, changed({ modules_to_save: ['x'] }))).rejects.toThrow(
      /modules_to_save must be null/,
    );
    await expect(loadLora(encoder, changed({ peft_type: 'IA3' }))).rejects.toThrow(/peft_type must be LORA, got "IA3"/);
    for (const lora_dropout of [1, -0.1, '0.1']) {
      await expect(loadLora(encoder, changed({ lora_dropout }))).rejects.toThrow(/lora_dropout must be in \[0, 1\)/);
    }
    for (const key of ['rank_pattern', 'alpha_pattern']) {
      for (const pattern of ['(a+)+b', '.*query', 'query|key', '', 'a\\wb', 'a^b']) {
        await expect(loadLora(encoder, changed({ [key]: { [pattern]: 2 } }))).rejects.toThrow(
          `a.json: ${key} must have names of maps as keys, got ${JSON.stringify(pattern)}`,
        );
      }
      for (const pattern of ['^other.layer\\.0.query$', 'nothing_2']) {
        const loaded = await loadLora(encoder, changed({ [key]: { [pattern]: 2 } }));
        loaded.remove();
      }
    }
    await expect(loadLora(encoder, changed({ r: 9 }))).rejects.toThrow(/of other shape/);
    const other = await loadTextEncoder(huggingFaceCase('distilbert').folder);
    await expect(loadLora(other, files)).rejects.toThrow(/in the file only: base_model\.model\.encoder/);
  });
});

describe('layerwiseRates', () => {
  it('slows down what is nearer to the input', async () => {
    const encoder = await loadTextEncoder(huggingFaceCase('bert_padded').folder);
    const groups = layerwiseRates(encoder, { decay: 0.5 });
    const factor = (name: string) => groups.find(({ match }) => (match as RegExp).test(name))?.learningRateFactor ?? 1;
    expect(factor('embeddings.word_embeddings.weight')).toBe(0.25);
    expect(factor('encoder.layer.0.output.dense.bias')).toBe(0.5);
    expect(factor('text/encoder/encoder.layer.0.output.dense.bias')).toBe(0.5); // below another model's name
    expect(factor('encoder.layer.1.attention.self.query.weight')).toBe(1);
    expect(factor('pooler.dense.weight')).toBe(1);
    expect(() => layerwiseRates(encoder, { decay: 0 })).toThrow(/decay must be in \(0, 1\]/);
    expect(() => layerwiseRates({ namedVariables: () => ({}) })).toThrow(/no variable has the number of a layer/);
  });

  it('moves each layer by its share', async () => {
    const encoder = await loadTextEncoder(huggingFaceCase('bert_padded').folder);
    const inputs = await encoder.prepare(['two dogs']);
    const model = {
      loss: () => ({ loss: tf.mean(tf.square(encoder.encodeSequence(inputs).sequence)) as tf.Scalar }),
      namedVariables: () => encoder.namedVariables(),
    };
    const names = ['encoder.layer.0.output.dense.weight', 'encoder.layer.1.output.dense.weight'];
    const before = names.map((name) => encoder.namedVariables()[name]!.clone());
    const optimizer = sgd({ learningRate: 0.1, groups: layerwiseRates(encoder, { decay: 0.5 }) });
    const plain = tf.variableGrads(() => model.loss().loss, encoder.trainableVariables()).grads;
    tf.dispose(trainStep(model, { optimizer }).run({} as never));
    names.forEach((name, i) => {
      const variable = encoder.namedVariables()[name]!;
      const moved = tf.sub(before[i]!, variable);
      expect(moved).toBeAllclose(tf.mul(plain[variable.name]!, 0.1 * [0.5, 1][i]!), { rtol: 1e-3, atol: 1e-7 });
    });
  });
});

describe('linearProbe', () => {
  it('learns classes on vectors that stay as they are', async () => {
    const encoder = await loadTextEncoder(folder);
    const inputs = await encoder.prepare(texts);
    const labels = tf.tensor1d([0, 1, 2], 'int32');
    const before = Object.values(encoder.namedVariables()).map((variable) => variable.clone());
    const probe = linearProbe(encoder, { classes: 3 });
    expect(probe.loss({ inputs, labels }, { training: true }).loss.dataSync()[0]).toBeCloseTo(Math.log(3), 5);
    const step = trainStep(probe, { optimizer: sgd({ learningRate: 2 }) });
    for (let i = 0; i < 30; i++) tf.dispose(step.run({ inputs, labels }));
    expect(Array.from(tf.argMax(probe.logits(inputs), 1).dataSync())).toEqual([0, 1, 2]);
    Object.values(encoder.namedVariables()).forEach((variable, i) => {
      expect(variable).toBeAllclose(before[i]!, { atol: 0, rtol: 0 });
    });
    expect(() => linearProbe(encoder, { classes: 1 })).toThrow(/classes must be/);
    expect(() => linearProbe(encoder, { classes: 2, bias: true } as never)).toThrow(/no option 'bias'/);
  });
});
