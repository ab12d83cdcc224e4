import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { registerOnnxBackend } from '../src/index.js';
import { inputValue, type Value } from '../src/ir/graph.js';
import { concat, split, unary } from '../src/ir/ops.js';
import { graphKey } from '../src/run/key.js';

beforeAll(async () => {
  registerOnnxBackend({ threads: 1, hostThreshold: 32 });
  await tf.setBackend('onnx');
});

const key = (...outputs: Value[]) => graphKey(outputs).key;

describe('graphKey', () => {
  it('tells outputs of one node with very many from outputs of the next', () => {
    const x = inputValue({ kind: 'input' }, [70, 2], 'float32');
    const parts = split(x, new Array<number>(70).fill(1), 0);
    const next = unary('Neg', parts[0]!);
    expect(key(next, parts[64]!)).not.toBe(key(next, next));
    const keys = parts.map((part) => key(next, part));
    expect(new Set(keys).size).toBe(70);
  });

  it('tells one more operand from another node', () => {
    const x = inputValue({ kind: 'input' }, [2], 'float32');
    const y = unary('Neg', x);
    expect(key(concat([x, y], 0))).not.toBe(key(concat([x, y, y], 0)));
  });

  it('every part of a long split has its own numbers', () => {
    tf.tidy(() => {
      const parts = tf.split(tf.reshape(tf.add(tf.range(0, 140), 0), [70, 2]), 70, 0);
      const read = (i: number) =>
        Array.from(
          tf
            .add(parts[i]!, tf.zeros([40, 2]))
            .dataSync()
            .slice(0, 2),
        );
      for (const i of [0, 1, 63, 64, 65, 69]) expect(read(i)).toEqual([2 * i, 2 * i + 1]);
    });
  });
});
