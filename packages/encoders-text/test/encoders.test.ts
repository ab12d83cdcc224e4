import type { Encoder, Inputs } from '@crossmodal/core';
import { adam } from '@crossmodal/core/optimisers';
import { trainStep } from '@crossmodal/core/train';
import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { bagEncoder, gruEncoder, lstmEncoder, transformerEncoder, wordTokenizer } from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend('cpu');

const tokenizer = wordTokenizer({ corpus: ['red blue green', 'cat dog bird', 'the big small'] });
const common = { tokenizer, dimension: 4, maximumLength: 6, seed: 5 };
const kinds: Record<string, (length?: number) => Encoder<string>> = {
  bag: (maximumLength = 6) => bagEncoder({ ...common, maximumLength }),
  'bag with hidden layers': (maximumLength = 6) => bagEncoder({ ...common, maximumLength, hidden: [8] }),
  lstm: (maximumLength = 6) => lstmEncoder({ ...common, maximumLength }),
  'bidirectional gru': (maximumLength = 6) =>
    gruEncoder({ ...common, maximumLength, layers: 2, bidirectional: true, embedding: 3 }),
  transformer: (maximumLength = 6) =>
    transformerEncoder({ ...common, maximumLength, layers: 1, heads: 2, dropout: 0, positions: 'sinusoidal' }),
};

function clear(inputs: Inputs) {
  tf.dispose(Object.values(inputs));
}

describe.each(Object.keys(kinds))('the %s encoder', (kind) => {
  const make = kinds[kind]!;

  it('gives the same vector for the same seed, whatever the padding', async () => {
    const [short, long] = [make(4), make(9)];
    const texts = ['the big red cat', 'dog', 'bird the'];
    const [a, b] = [await short.prepare(texts), await long.prepare(texts)];
    const [x, y] = [short.encode(a), long.encode(b)];
    expect(x.shape).toEqual([3, 4]);
    expect(x).toBeAllclose(y, { atol: 1e-5 });
    const [first, second] = (await x.array()) as number[][];
    expect(() => expect(first).toBeAllclose(second!, { atol: 1e-3 })).toThrow(/differ/);
    expect(Object.keys(short.namedVariables())).toContain('embedding/embeddings');
    tf.dispose([x, y]);
    clear(a);
    clear(b);
    short.dispose();
    long.dispose();
  });

  it('learns which word stands in a text', async () => {
    const encoder = make();
    const texts = ['red', 'blue', 'the red', 'the blue', 'big red', 'small blue', 'the big red', 'the small blue'];
    const inputs = await encoder.prepare(texts);
    const sign = (i: number) => (i % 2 === 0 ? 1 : -1);
    const half = (i: number) => sign(i) / 2; // within the range of hidden states
    const targets = tf.tensor2d(texts.map((_, i) => Array.from({ length: 4 }, (_, k) => half(i + k))));
    const step = trainStep(
      {
        loss: (batch: Inputs) =>
          tf.mean(tf.squaredDifference(encoder.encode(batch, { training: true }), targets)) as tf.Scalar,
        variables: () => encoder.trainableVariables(),
      },
      { optimizer: adam({ learningRate: 0.05 }) },
    );
    const losses: number[] = [];
    for (let i = 0; i < 60; i++) {
      const metrics = step.run(inputs);
      losses.push((await metrics['loss']!.data())[0] as number);
      tf.dispose(metrics);
    }
    expect(losses.at(-1)).toBeLessThan(0.3 * (losses[0] as number));
    const vectors = (await encoder.encode(inputs).array()) as number[][];
    expect(vectors.map((row) => row.map(Math.sign))).toEqual(texts.map((_, i) => [0, 1, 2, 3].map((k) => sign(i + k))));
    step.dispose();
    clear(inputs);
    encoder.dispose();
  });

  it('takes an empty text, leaks nothing, and its disposal frees all', async () => {
    const before = tf.memory().numTensors;
    const encoder = make();
    const inputs = await encoder.prepare(['', 'cat dog']);
    const vectors = encoder.encode(inputs);
    expect((await vectors.data()).every(Number.isFinite)).toBe(true);
    const { sequence, mask } = encoder.encodeSequence!(inputs);
    expect(sequence.shape).toEqual([2, 6, 4]);
    expect(mask?.shape).toEqual([2, 6]);
    tf.dispose([vectors, sequence]);
    await expectNoLeak(() => encoder.encode(inputs));
    await expectNoLeak(async () => Object.values(await encoder.prepare(['cat'])));
    await expectNoLeakWhenThrowing(
      async () => Object.values(await encoder.prepare([])),
      'encodeBatch: texts must hold at least one text',
    );
    clear(inputs);
    encoder.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('encoders', () => {
  it('the bag is the mean of embeddings', async () => {
    const encoder = kinds['bag']!();
    const inputs = await encoder.prepare(['cat dog', 'dog cat', 'bird']);
    const table = (await encoder.namedVariables()['embedding/embeddings']!.array()) as number[][];
    const row = (word: string) => table[tokenizer.encode(word)[0]!]!;
    const mean = row('cat').map((v, k) => (v + row('dog')[k]!) / 2);
    expect(encoder.encode(inputs)).toBeAllclose([mean, mean, row('bird')], { atol: 1e-6 });
    encoder.dispose();
  });

  it('a recurrent encoder and a Transformer see the order of words', async () => {
    for (const kind of ['lstm', 'bidirectional gru', 'transformer']) {
      const encoder = kinds[kind]!();
      const inputs = await encoder.prepare(['cat dog bird', 'bird dog cat']);
      const [a, b] = (await encoder.encode(inputs).array()) as number[][];
      const difference = Math.max(...a!.map((v, k) => Math.abs(v - b![k]!)));
      expect(difference).toBeGreaterThan(1e-3);
      encoder.dispose();
    }
  });

  it('poolings read what they say', async () => {
    const pooled = async (pooling: 'mean' | 'first' | 'last' | 'max') => {
      const encoder = transformerEncoder({ ...common, layers: 1, heads: 1, pooling });
      const inputs = await encoder.prepare(['cat dog bird']);
      const [states] = (await encoder.encodeSequence!(inputs).sequence.array()) as number[][][];
      const [vector] = (await encoder.encode(inputs).array()) as number[][];
      encoder.dispose();
      return { states: states!.slice(0, 3), vector: vector! };
    };
    const first = await pooled('first');
    expect(first.vector).toBeAllclose(first.states[0]!, { atol: 1e-6 });
    const last = await pooled('last');
    expect(last.vector).toBeAllclose(last.states[2]!, { atol: 1e-6 });
    const max = await pooled('max');
    expect(max.vector).toBeAllclose(
      [0, 1, 2, 3].map((k) => Math.max(...max.states.map((s) => s[k]!))),
      { atol: 1e-6 },
    );
  });

  it('a causal Transformer does not look ahead', async () => {
    const encoder = transformerEncoder({ ...common, layers: 2, heads: 1, causal: true });
    const inputs = await encoder.prepare(['cat dog bird', 'cat dog red']);
    const [a, b] = (await encoder.encodeSequence!(inputs).sequence.array()) as number[][][];
    expect(a!.slice(0, 2)).toBeAllclose(b!.slice(0, 2), { atol: 1e-6 });
    expect(() => expect(a![2]).toBeAllclose(b![2]!, { atol: 1e-3 })).toThrow(/differ/);
    encoder.dispose();
  });

  it('dropout acts when training only', async () => {
    const encoder = bagEncoder({ ...common, dropout: 0.5 });
    const inputs = await encoder.prepare(['cat dog bird red']);
    const quiet = encoder.encode(inputs);
    expect(encoder.encode(inputs)).toBeAllclose(quiet, { atol: 0 });
    expect(() => expect(encoder.encode(inputs, { training: true })).toBeAllclose(quiet)).toThrow(/differ/);
    encoder.dispose();
  });

  it('refuse what they cannot build, with the values', () => {
    expect(() => lstmEncoder({ ...common, dimension: 5, bidirectional: true })).toThrow(/even dimension, got 5/);
    expect(() => lstmEncoder({ ...common, layers: 0 })).toThrow(/layers must be .* got 0/);
    expect(() => transformerEncoder({ ...common, heads: 3 })).toThrow(/heads must divide dimension, got 3 and 4/);
    expect(() => bagEncoder({ ...common, maximumLength: 0 })).toThrow(/bagEncoder: maximumLength must be .* got 0/);
    expect(() => bagEncoder({ ...common, dropout: 1 })).toThrow(/dropout must be in \[0, 1\), got 1/);
  });
});
