import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { compile, type OnnxBackend } from '../../src/index.js';

export type Kernel = (...inputs: tf.Tensor[]) => tf.Tensor | tf.Tensor[];

interface Options {
  rtol?: number;
  atol?: number;
  /** Also the gradient of sum(result * weights) with respect to the inputs of type float32. */
  gradient?: boolean;
}

interface Numbers {
  shape: number[];
  dtype: string;
  values: ArrayLike<number>;
}

/** Numbers that repeat nowhere near, in [-1, 1). */
export function wave(shape: readonly number[], { seed = 1, scale = 1 }: { seed?: number; scale?: number } = {}) {
  const values = Float32Array.from({ length: tf.util.sizeFromShape(shape as number[]) }, (_, i) => {
    const x = Math.sin((i + 1) * 12.9898 + seed * 78.233) * 43758.5453;
    return scale * (2 * (x - Math.floor(x)) - 1);
  });
  return { values, shape: shape.slice(), dtype: 'float32' as const };
}

export type Input = {
  values: Float32Array | Int32Array | Uint8Array | number[];
  shape: number[];
  dtype: tf.NumericDataType;
};

function numbersOf(result: tf.Tensor | tf.Tensor[]): Numbers[] {
  return (Array.isArray(result) ? result : [result]).flatMap((tensor) =>
    tensor.dtype === 'complex64'
      ? numbersOf([tf.real(tensor), tf.imag(tensor)])
      : [{ shape: tensor.shape, dtype: tensor.dtype, values: tensor.dataSync() }],
  );
}

/** Like tf.tidy, for functions that return anything. */
function scoped<T>(f: () => T): T {
  tf.engine().startScope();
  try {
    return f();
  } finally {
    tf.engine().endScope();
  }
}

/** The function together with its gradients, where they are asked for. */
function complete(f: Kernel, differentiable: readonly number[]): Kernel {
  if (differentiable.length === 0) return f;
  return (...inputs) => {
    const y = f(...inputs) as tf.Tensor;
    const weights = tf.tensor(wave(y.shape, { seed: 5 }).values, y.shape);
    const scalar = (...chosen: tf.Tensor[]) => {
      const all = inputs.slice();
      differentiable.forEach((place, i) => {
        all[place] = chosen[i]!;
      });
      return tf.sum(tf.mul(f(...all) as tf.Tensor, weights));
    };
    return [y, ...tf.grads(scalar)(differentiable.map((i) => inputs[i]!))];
  };
}

/**
 * Computes a function on backend `cpu`, then recorded and compiled on backend `onnx`, and compares numbers, shapes and
 * types. Nothing may fall back. Backend `onnx` must be registered with `hostThreshold: 0`.
 */
export async function againstCpu(
  f: Kernel,
  inputs: readonly Input[],
  { rtol = 1e-4, atol = 1e-5, gradient = false }: Options = {},
): Promise<void> {
  const differentiable = gradient ? inputs.flatMap(({ dtype }, i) => (dtype === 'float32' ? [i] : [])) : [];
  const whole = complete(f, differentiable);
  const make = () => inputs.map(({ values, shape, dtype }) => tf.tensor(values, shape, dtype));
  const run = () => scoped(() => numbersOf(whole(...make())));
  await tf.setBackend('cpu');
  const expected = run();
  await tf.setBackend('onnx');
  const { fallbacks } = (tf.backend() as OnnxBackend).statistics;
  fallbacks.clear();
  const check = (actual: Numbers[], how: string) => {
    expect(
      actual.map(({ shape, dtype }) => `${dtype}[${shape}]`),
      how,
    ).toEqual(expected.map(({ shape, dtype }) => `${dtype}[${shape}]`));
    actual.forEach(({ values }, i) => {
      expect(Float64Array.from(values)).toBeAllclose(Float64Array.from(expected[i]!.values), { rtol, atol });
    });
  };
  check(run(), 'recorded');
  expect([...fallbacks.keys()]).toEqual([]);
  const parts = (...tensors: tf.Tensor[]): tf.Tensor[] => {
    const result = whole(...tensors);
    return (Array.isArray(result) ? result : [result]).flatMap((tensor) =>
      tensor.dtype === 'complex64' ? [tf.real(tensor), tf.imag(tensor)] : [tensor],
    );
  };
  const compiled = compile(parts);
  scoped(() => {
    const tensors = make();
    for (let i = 0; i < 3; i++) check(numbersOf(compiled(...tensors)), `compiled, call ${i}`);
  });
  compiled.dispose();
}
