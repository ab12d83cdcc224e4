import { readFileSync } from 'node:fs';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { type RawTensor, readSafetensors } from './safetensors.js';

/** Reads `index.json` of a folder of golden files; its cases differ per topic, so the caller names their type. */
export function goldenIndex<T>(folder: URL): T {
  return JSON.parse(readFileSync(new URL('index.json', folder), 'utf8')) as T;
}

/** The tensors of one golden file, and a way to lift one of them into TensorFlow.js. */
export function golden(file: URL): { raw: Record<string, RawTensor>; tensor(name: string): Tensor } {
  const raw = readSafetensors(file);
  return {
    raw,
    tensor(name) {
      const entry = raw[name];
      if (!entry)
        throw new Error(`golden: ${file.pathname} has no tensor ${name}; it has ${Object.keys(raw).join(', ')}`);
      if (entry.dtype === 'BOOL') return tf.tensor(entry.data as Uint8Array, entry.shape, 'bool');
      const integer = entry.dtype === 'I64' || entry.dtype === 'I32' || entry.dtype === 'U8';
      const values = integer
        ? Int32Array.from(entry.data as Int32Array, Number)
        : Float32Array.from(entry.data as Float32Array);
      return tf.tensor(values, entry.shape, integer ? 'int32' : 'float32');
    },
  };
}
