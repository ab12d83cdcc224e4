import { expectNoLeak, expectNoLeakWhenThrowing, golden, goldenIndex, gradientCheck } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { recurrent } from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend();

interface Case {
  name: string;
  options: { kind: 'LSTM' | 'GRU'; hidden: number; bidirectional?: boolean; lengths?: number[]; length: number };
}

const folder = new URL('./golden/layers/', import.meta.url);
const { cases } = goldenIndex<{ cases: Case[] }>(folder);

/** torch's gates (i, f, g, o) in our order (o, i, f, g); GRU's are the same. */
const order = { LSTM: [3, 0, 1, 2], GRU: [0, 1, 2] } as const;

/** [gates * units, width] of torch to [width, gates * units]; [gates * units] to the same in our order. */
function ours(x: tf.Tensor, kind: 'LSTM' | 'GRU'): tf.Tensor {
  const parts = tf.split(x, order[kind].length, 0);
  const sorted = tf.concat(
    order[kind].map((i) => parts[i] as tf.Tensor),
    0,
  );
  return x.rank === 2 ? tf.transpose(sorted) : sorted;
}

function layerOf(tensor: (name: string) => tf.Tensor, { options: { kind, hidden } }: Case, backward: boolean) {
  const suffix = backward ? '_l0_reverse' : '_l0';
  const parameter = (name: string) => ours(tensor(`param.${name}${suffix}`), kind);
  const layer = recurrent({ cell: kind === 'LSTM' ? 'lstm' : 'gru', units: hidden, backward, seed: 1 });
  layer.build([null, null, tensor('in.x').shape[2] as number]);
  const [kernel, inner] = [parameter('weight_ih'), parameter('weight_hh')];
  const [bias, innerBias] = [parameter('bias_ih'), parameter('bias_hh')];
  layer.setWeights(kind === 'LSTM' ? [kernel, inner, tf.add(bias, innerBias)] : [kernel, inner, bias, innerBias]);
  return layer;
}

function maskOf({ options: { lengths, length } }: Case, batch: number): tf.Tensor2D {
  const rows = lengths ?? new Array<number>(batch).fill(length);
  return tf.tensor2d(rows.map((real) => Array.from({ length }, (_, t) => (t < real ? 1 : 0))));
}

describe('recurrent against torch', () => {
  for (const c of cases) {
    it(`${c.name}: states, last state, and gradients`, () => {
      const { tensor } = golden(new URL(`${c.name}.safetensors`, folder));
      const x = tensor('in.x') as tf.Tensor3D;
      const { kind, bidirectional = false } = c.options;
      const layers = [layerOf(tensor, c, false), ...(bidirectional ? [layerOf(tensor, c, true)] : [])];
      const mask = maskOf(c, x.shape[0]);
      const run = (input: tf.Tensor) => {
        const states = layers.map((layer) => layer.apply([input, mask]) as tf.Tensor3D);
        const length = input.shape[1] as number;
        const ends = states.map((s, i) => tf.squeeze(tf.slice(s, [0, i === 0 ? length - 1 : 0, 0], [-1, 1, -1]), [1]));
        // torch writes zeros where there is no token.
        return { y: tf.mul(tf.concat(states, 2), tf.expandDims(mask, 2)), last: tf.stack(ends) };
      };
      const { y, last } = run(x);
      expect(y).toBeAllclose(tensor('out.y'), { rtol: 1e-4, atol: 1e-5 });
      expect(last).toBeAllclose(tensor('out.h_n'), { rtol: 1e-4, atol: 1e-5 });
      // The LSTM cases differentiate the cell state too, which the layer keeps to itself.
      if (kind === 'LSTM') return;
      const scalar = (input: tf.Tensor) => {
        const out = run(input);
        const parts = [tf.mul(out.y, tensor('cotangent.y')), tf.mul(out.last, tensor('cotangent.h_n'))];
        return tf.add(tf.sum(parts[0] as tf.Tensor), tf.sum(parts[1] as tf.Tensor)) as tf.Scalar;
      };
      expect(tf.grad(scalar)(x)).toBeAllclose(tensor('grad.x'), { rtol: 1e-4, atol: 3e-5 });
      const { grads } = tf.variableGrads(() => scalar(x));
      for (const [i, layer] of layers.entries()) {
        const suffix = i === 1 ? '_l0_reverse' : '_l0';
        for (const [k, name] of ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'].entries()) {
          const variable = layer.trainableWeights[k]!.read() as tf.Variable;
          const expected = ours(tensor(`grad.${name}${suffix}`), kind);
          expect(grads[variable.name]).toBeAllclose(expected, { rtol: 1e-3, atol: 5e-5 });
        }
      }
    });
  }
});

describe('recurrent', () => {
  const words = () => tf.tidy(() => tf.sin(tf.reshape(tf.range(0, 2 * 5 * 3), [2, 5, 3]))) as tf.Tensor3D;

  it.each(['lstm', 'gru'] as const)('%s: the gradient agrees with a difference', (cell) => {
    const layer = recurrent({ cell, units: 4, seed: 1 });
    const mask = tf.tensor2d([
      [1, 1, 1, 1, 1],
      [1, 1, 0, 0, 0],
    ]);
    const input = words();
    layer.apply([input, mask]);
    gradientCheck((x) => tf.sum(tf.square(layer.apply([x, mask]) as tf.Tensor)) as tf.Scalar, [input], { rtol: 1e-2 });
  });

  it('stands still where the mask is zero, in both directions', () => {
    const input = words();
    const mask = tf.tensor2d([
      [1, 1, 1, 0, 0],
      [1, 1, 1, 1, 1],
    ]);
    for (const backward of [false, true]) {
      const layer = recurrent({ cell: 'lstm', units: 3, backward, seed: 2 });
      const states = layer.apply([input, mask]) as tf.Tensor3D;
      const short = layer.apply(tf.slice(input, [0, 0, 0], [1, 3, 3])) as tf.Tensor3D;
      expect(tf.slice(states, [0, 0, 0], [1, 3, 3])).toBeAllclose(short, { atol: 1e-6 });
      const rest = tf.slice(states, [0, 3, 0], [1, 2, 3]);
      const still = backward ? tf.zeros([1, 2, 3]) : tf.tile(tf.slice(short, [0, 2, 0], [1, 1, 3]), [1, 2, 1]);
      expect(rest).toBeAllclose(still, { atol: 1e-6 });
    }
  });

  it('survives saving, draws weights from its seed, and opens the forget gate', async () => {
    const input = tfl.input({ shape: [5, 3] });
    const layer = recurrent({ cell: 'gru', units: 4, backward: true, seed: 7, name: 'states' });
    const model = tfl.model({ inputs: input, outputs: layer.apply(input) as tfl.SymbolicTensor });
    const artifacts = await new Promise<tf.io.ModelArtifacts>((resolve) => {
      void model.save(
        tf.io.withSaveHandler(async (saved) => {
          resolve(saved);
          return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
        }),
      );
    });
    const again = await tfl.loadLayersModel(tf.io.fromMemory(artifacts));
    expect(again.predict(words()) as tf.Tensor).toBeAllclose(model.predict(words()) as tf.Tensor, { atol: 1e-7 });
    const weights = (seed: number) => {
      const fresh = recurrent({ units: 3, seed });
      fresh.build([null, 5, 3]);
      return fresh.getWeights() as [tf.Tensor, tf.Tensor, tf.Tensor];
    };
    expect(weights(1)[1]).toBeAllclose(weights(1)[1], { atol: 0 });
    expect(() => expect(weights(1)[1]).toBeAllclose(weights(2)[1])).toThrow(/differ/);
    expect(weights(1)[2]).toBeAllclose([0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0]);
  });

  it('leaks nothing and refuses a mask of another shape', async () => {
    const layer = recurrent({ cell: 'gru', units: 3, seed: 2 });
    const input = words();
    layer.apply(input);
    await expectNoLeak(() => layer.apply(input) as tf.Tensor);
    const wrong = tf.ones([2, 4]);
    await expectNoLeakWhenThrowing(() => layer.apply([input, wrong]) as tf.Tensor, 'recurrent: mask must be [2, 5]');
    expect(() => layer.apply([input, wrong])).toThrow(/mask must be \[2, 5\], got \[2,4\]/);
    expect(() => recurrent({ units: 0, seed: 1 })).toThrow(/units must be .* got 0/);
    expect(() => recurrent({ cell: 'rnn' as 'gru', units: 1, seed: 1 })).toThrow(/'lstm' or 'gru', got 'rnn'/);
  });
});
