import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compile, registerOnnxBackend } from '../src/index.js';
import { constantValue, inputValue } from '../src/ir/graph.js';
import { scalar, unary } from '../src/ir/ops.js';

beforeAll(async () => {
  registerOnnxBackend({ threads: 1, hostThreshold: 32 });
  await tf.setBackend('onnx');
});
beforeEach(() => tf.engine().startScope());
afterEach(() => tf.engine().endScope());

describe('-0', () => {
  it('is another constant and another attribute than 0', () => {
    expect(scalar(-0).node.signature).not.toBe(scalar(0).node.signature);
    const pair = (b: number) => constantValue(Float32Array.of(1, b), [2], 'float32').node.signature;
    expect(pair(-0)).not.toBe(pair(0));
    const x = inputValue({ kind: 'input' }, [2], 'float32');
    const clip = (min: number) => unary('Clip', x, { min, max: 1 }).node.signature;
    expect(clip(-0)).not.toBe(clip(0));
    expect(clip(0)).toBe(clip(0));
  });

  it('keeps its sign next to 0 in one graph', () => {
    const f = compile((x: tf.Tensor) => [tf.div(x, tf.tensor1d([0])), tf.div(x, tf.tensor1d([-0]))]);
    const x = tf.ones([40]);
    for (let i = 0; i < 3; i++) {
      const values = (f(x) as tf.Tensor[]).map((t) => t.dataSync()[0]);
      expect(values).toEqual([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
    }
    f.dispose();
    const eager = [0, -0].map((zero) => tf.div(x, tf.fill([40], zero)));
    expect(eager.map((t) => t.dataSync()[0])).toEqual([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
  });
});
