import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { registerOnnxBackend } from '../src/index.js';

beforeAll(async () => {
  registerOnnxBackend({ threads: 1, hostThreshold: 32 });
  await tf.setBackend('onnx');
});

describe('a cast that is small enough for the host', () => {
  it.each(['float32', 'int32'] as const)('turns a bool tensor into %s numbers, not its bytes into others', (dtype) => {
    // Eight values: as bytes they would be two numbers of four bytes.
    const flags = tf.tensor1d([1, 0, 1, 1, 0, 0, 1, 0], 'bool');
    const small = tf.cast(flags, dtype);
    expect([...small.dataSync()]).toEqual([1, 0, 1, 1, 0, 0, 1, 0]);
    // And inside a graph that runs on ONNX Runtime.
    const large = tf.mul(tf.ones([64, 8], dtype), small);
    expect([...large.dataSync().subarray(0, 8)]).toEqual([1, 0, 1, 1, 0, 0, 1, 0]);
    tf.dispose([flags, small, large]);
  });
});
