import { golden, goldenIndex } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { compile, type OnnxBackend, registerOnnxBackend } from '../src/index.js';
import { layerOf, type Options } from './golden-layers.js';

interface Case {
  name: string;
  options: Options;
  tolerance: { rtol: number; atol: Record<string, number> };
}

const own = new URL('./golden/layers/', import.meta.url);
/** Some cases are kept by another package of this repository, where its own layers are compared with them. */
const shared = new URL('../../core/test/golden/', import.meta.url);
const elsewhere = ['attention_plain', 'attention_float_mask_scale', 'activation_gelu_exact'];

const cases = [
  ...goldenIndex<{ cases: Case[] }>(own).cases.map((entry) => ({ ...entry, folder: own })),
  ...goldenIndex<{ cases: Case[] }>(new URL('layers/', shared))
    .cases.filter(({ name }) => elsewhere.includes(name))
    .map((entry) => ({ ...entry, folder: new URL('layers/', shared) })),
];

beforeAll(async () => {
  registerOnnxBackend({ threads: 1, hostThreshold: 0 });
  await tf.setBackend('onnx');
});

describe('values and gradients of PyTorch, recorded and compiled', () => {
  it.each(cases)('$name', ({ name, folder, options, tolerance }) => {
    tf.engine().startScope();
    const file = golden(new URL(`${name}.safetensors`, folder));
    const take = (prefix: string) => Object.keys(file.raw).filter((key) => key.startsWith(prefix));
    const keys = ['in.', 'param.', 'state.'].flatMap(take).filter((key) => !key.endsWith('num_batches_tracked'));
    const bare = (key: string) => key.slice(key.indexOf('.') + 1);
    const results = take('out.').filter((key) => !key.endsWith('num_batches_tracked'));
    const gradients = take('grad.');
    const chosen = gradients.map((key) => keys.findIndex((input) => bare(input) === bare(key)));
    const cotangents = Object.fromEntries(take('cotangent.').map((key) => [bare(key), file.tensor(key)]));
    const layer = layerOf(name);

    const whole = (...inputs: tf.Tensor[]): tf.Tensor[] => {
      const run = (list: tf.Tensor[]) =>
        layer(Object.fromEntries(keys.map((key, i) => [bare(key), list[i]!])), options);
      const outputs = run(inputs);
      const scalar = (...changed: tf.Tensor[]) => {
        const list = inputs.slice();
        chosen.forEach((place, i) => {
          list[place] = changed[i]!;
        });
        const values = run(list);
        return tf.addN(Object.entries(cotangents).map(([key, cotangent]) => tf.sum(tf.mul(values[key]!, cotangent))));
      };
      return [...results.map((key) => outputs[bare(key)]!), ...tf.grads(scalar)(chosen.map((place) => inputs[place]!))];
    };

    expect(gradients.length).toBeGreaterThan(0);
    const inputs = keys.map((key) => file.tensor(key));
    const compiled = compile(whole);
    const rounds: [string, tf.Tensor[]][] = [['recorded', whole(...inputs)]];
    for (let i = 0; i < 3; i++) rounds.push([`compiled, call ${i}`, compiled(...inputs)]);
    for (const [how, tensors] of rounds) {
      [...results, ...gradients].forEach((key, i) => {
        expect(tensors[i]!, `${key}, ${how}`).toBeAllclose(file.tensor(key), {
          rtol: tolerance.rtol,
          atol: tolerance.atol[key] ?? 0,
        });
      });
    }
    expect([...(tf.backend() as OnnxBackend).statistics.fallbacks.keys()]).toEqual([]);
    compiled.dispose();
    tf.engine().endScope();
  });
});

describe('the rules of TensorFlow.js that PyTorch has as well, 25 compiled steps', () => {
  const rules: Record<string, () => tf.Optimizer> = {
    sgd: () => tf.train.sgd(0.1),
    sgd_momentum: () => tf.train.momentum(0.1, 0.9),
    adam: () => tf.train.adam(0.01, 0.9, 0.999, 1e-8),
  };
  const folder = new URL('optim/', shared);
  const known = goldenIndex<{ cases: Case[] }>(folder).cases;

  it.each(Object.keys(rules))('%s', (name) => {
    tf.engine().startScope();
    const { tolerance } = known.find((entry) => entry.name === name)!;
    const file = golden(new URL(`${name}.safetensors`, folder));
    const optimizer = rules[name]!();
    const [w, b] = [tf.variable(file.tensor('param.w'), true, 'w'), tf.variable(file.tensor('param.b'), true, 'b')];
    const step = compile((gw: tf.Tensor, gb: tf.Tensor) => {
      optimizer.applyGradients({ w: gw as tf.Variable, b: gb as tf.Variable });
    });
    const [gradW, gradB] = [tf.unstack(file.tensor('in.grad_w')), tf.unstack(file.tensor('in.grad_b'))];
    const [outW, outB] = [tf.unstack(file.tensor('out.w')), tf.unstack(file.tensor('out.b'))];
    gradW.forEach((gw, k) => {
      step(gw, gradB[k]!);
      expect(w, `w after step ${k}`).toBeAllclose(outW[k]!, { rtol: tolerance.rtol, atol: tolerance.atol['out.w'] });
      expect(b, `b after step ${k}`).toBeAllclose(outB[k]!, { rtol: tolerance.rtol, atol: tolerance.atol['out.b'] });
    });
    expect(gradW).toHaveLength(25);
    step.dispose();
    optimizer.dispose();
    w.dispose();
    b.dispose();
    tf.engine().endScope();
  });
});
