import { fileURLToPath } from 'node:url';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { ClosenessOptions } from './allclose.js';
import { golden, goldenIndex } from './golden.js';
import type { RawTensor } from './safetensors.js';

const roots = ['hf', 'hf_more'].map((name) => new URL(`../golden/${name}/`, import.meta.url));

interface Entry {
  name: string;
  texts?: string[];
  options: Record<string, unknown>;
  tolerance: { rtol: number; atol: Record<string, number> };
}

/** A tiny model in Hugging Face's layout, with inputs, outputs and gradients of the library. */
export interface HuggingFaceCase {
  /** Path of the model's folder. */
  folder: string;
  texts: string[];
  options: Record<string, unknown>;
  raw: Record<string, RawTensor>;
  tensor(name: string): Tensor;
  /** Tolerances of an output or gradient. */
  tolerance(name: string): ClosenessOptions;
}

let index: Map<string, { entry: Entry; root: URL }> | undefined;

/** The case of that name in `golden/hf` or, made by the same generator with `hf_more.json`, `golden/hf_more`. */
export function huggingFaceCase(name: string): HuggingFaceCase {
  index ??= new Map(
    roots.flatMap((root) =>
      goldenIndex<{ cases: Entry[] }>(root).cases.map((entry) => [entry.name, { entry, root }] as const),
    ),
  );
  const place = index.get(name);
  if (!place) throw new Error(`huggingFaceCase: there is no case ${name}`);
  const { entry, root } = place;
  const io = golden(new URL(`${name}/io.safetensors`, root));
  return {
    folder: fileURLToPath(new URL(name, root)),
    texts: entry.texts ?? [],
    options: entry.options,
    raw: io.raw,
    tensor: io.tensor,
    tolerance: (output) => ({ rtol: entry.tolerance.rtol, atol: entry.tolerance.atol[output] ?? 0 }),
  };
}
