import { readFileSync } from 'node:fs';
import type { StoredTensor } from '@crossmodal/core/safetensors';
import { expect } from 'vitest';

export const folder = new URL('./golden/torchvision/', import.meta.url);

/** The reference values were made with weights by formula: h(p, i) is exact in doubles and looks random. */
export function h(p: number, i: number): number {
  let x = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(p + 1, 0x85ebca77);
  x ^= x >>> 15;
  x = Math.imul(x, 0x2c1b3c6d);
  x ^= x >>> 12;
  x = Math.imul(x, 0x297a2d39);
  x ^= x >>> 15;
  return (x >>> 0) / 2147483648 - 1;
}

export function formulaWeights(architecture: string): Map<string, StoredTensor> {
  const file = new URL(`state_dict_${architecture}.json`, folder);
  const entries = JSON.parse(readFileSync(file, 'utf8')) as {
    p: number;
    name: string;
    shape: number[];
    first: number[];
  }[];
  const tensors = new Map<string, StoredTensor>();
  for (const { p, name, shape, first } of entries) {
    const size = shape.reduce((a, b) => a * b, 1);
    const scale = shape.length > 1 ? Math.sqrt(3 / shape.slice(1).reduce((a, b) => a * b, 1)) : 1;
    const value = (i: number) => {
      if (name.endsWith('num_batches_tracked')) return 0;
      if (name.endsWith('running_var')) return 1 + 0.5 * Math.abs(h(p, i));
      if (name.endsWith('running_mean') || name.endsWith('bias')) return 0.1 * h(p, i);
      return shape.length <= 1 ? 1 + 0.1 * h(p, i) : scale * h(p, i);
    };
    const values = new Float32Array(size);
    for (let i = 0; i < size; i++) values[i] = value(i);
    if (shape.length > 0) expect([...values.subarray(0, first.length)]).toBeAllclose(first, { atol: 1e-7 });
    tensors.set(name, { dtype: 'F32', shape, bytes: new Uint8Array(values.buffer) });
  }
  return tensors;
}
