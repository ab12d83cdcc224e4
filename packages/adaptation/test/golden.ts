import { golden, goldenIndex } from '@crossmodal/testkit';
import type { Tensor } from '@tensorflow/tfjs-core';

interface Tolerance {
  rtol: number;
  atol?: number;
}

interface Case {
  name: string;
  file?: string;
  options: Record<string, unknown>;
  inputs: Record<string, { value?: unknown }>;
  outputs: Record<string, { tensor?: string; value?: unknown }>;
  tolerance: Tolerance | Record<string, Tolerance>;
}

/** One golden case: its entry in the index, and its tensors. */
export function goldenCase(topic: string, name: string) {
  const folder = new URL(`./golden/${topic}/`, import.meta.url);
  const entry = goldenIndex<{ cases: Case[] }>(folder).cases.find((candidate) => candidate.name === name);
  if (!entry) throw new Error(`no golden case ${topic}/${name}`);
  const file = entry.file ? golden(new URL(entry.file, folder)) : undefined;
  return {
    entry,
    tolerance: entry.tolerance as Tolerance,
    input: <T extends Tensor>(key: string): T => file?.tensor(`in.${key}`) as T,
    output(key: string): Tensor | number | number[] {
      const output = entry.outputs[key];
      if (!output) throw new Error(`golden case ${topic}/${name} has no output ${key}`);
      return (output.value ?? file?.tensor(`out.${key}`)) as Tensor | number | number[];
    },
  };
}
