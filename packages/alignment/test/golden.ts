import { golden, goldenIndex } from '@crossmodal/testkit';

interface Case {
  name: string;
  file?: string;
  options: Record<string, unknown>;
  inputs: Record<string, { value?: unknown }>;
  outputs: Record<string, { tensor?: string; value?: number }>;
  tolerance: { rtol: number; atol: number };
}

/** One golden case: its entry in the index, and its tensors. */
export function goldenCase(topic: string, name: string) {
  const folder = new URL(`./golden/${topic}/`, import.meta.url);
  const entry = goldenIndex<{ cases: Case[] }>(folder).cases.find((candidate) => candidate.name === name);
  if (!entry?.file) throw new Error(`no golden case ${topic}/${name}`);
  const file = golden(new URL(entry.file, folder));
  return {
    entry,
    input: (key: string) => file.tensor(`in.${key}`),
    output(key: string) {
      const output = entry.outputs[key];
      if (!output) throw new Error(`golden case ${topic}/${name} has no output ${key}`);
      return output.value ?? file.tensor(`out.${key}`);
    },
  };
}
