import { readFileSync } from 'node:fs';
import { golden } from '@crossmodal/testkit';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { GoldenOptions } from './golden-losses.js';

interface Slot {
  tensor?: string;
  value?: number | number[];
}

interface Tolerance {
  rtol: number;
  atol: number;
}

/** A case of an `index.json` of test/golden. */
export interface GoldenCase {
  name: string;
  definition: string;
  options: GoldenOptions;
  file?: string;
  inputs: Record<string, Slot>;
  outputs: Record<string, Slot>;
  tolerance: Tolerance | Record<string, Tolerance>;
}

export const topics = ['losses', 'distribution', 'gan_vae'] as const;

export function goldenCases(topic: (typeof topics)[number]): GoldenCase[] {
  const index = new URL(`golden/${topic}/index.json`, import.meta.url);
  return (JSON.parse(readFileSync(index, 'utf8')) as { cases: GoldenCase[] }).cases;
}

export function goldenCase(topic: (typeof topics)[number], name: string): GoldenCase {
  const found = goldenCases(topic).find((candidate) => candidate.name === name);
  if (!found) throw new Error(`no golden case ${name} in ${topic}`);
  return found;
}

/** The tensors of a case by their names: `inputs.x`, `outputs['grad.x']`; scalars become scalar tensors. */
export function loadCase(topic: string, { file, inputs, outputs }: GoldenCase) {
  const stored = file ? golden(new URL(`golden/${topic}/${file}`, import.meta.url)) : undefined;
  const load = (slots: Record<string, Slot>) =>
    Object.fromEntries(
      Object.entries(slots).map(([name, { tensor, value }]): [string, Tensor] => [
        name,
        tensor && stored ? stored.tensor(tensor) : tf.tensor(value as number, undefined, 'float32'),
      ]),
    );
  return { inputs: load(inputs), outputs: load(outputs) };
}

/** The tolerance of an output: its own, its kind's (`loss`, `grad`, `plan`, `value`), or the case's. */
export function toleranceOf({ tolerance }: GoldenCase, output: string): Tolerance {
  if ('rtol' in tolerance) return tolerance as Tolerance;
  const byName = tolerance as Record<string, Tolerance>;
  const kind = output.split('.')[0] as string;
  return byName[output] ?? byName[kind] ?? (byName['value'] as Tolerance);
}
