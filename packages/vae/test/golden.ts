import { golden, goldenIndex } from '@crossmodal/testkit';

interface Entry {
  tensor?: string;
  value?: number;
}

interface Case {
  name: string;
  options: Record<string, number>;
  file: string;
  outputs: Record<string, Entry>;
  tolerance: { rtol: number; atol: number };
}

const folder = new URL('./golden/', import.meta.url);

/** One golden case: its tensors, options, and tolerance. */
export function goldenCase(name: string) {
  const found = goldenIndex<{ cases: Case[] }>(folder).cases.find((entry) => entry.name === name);
  if (!found) throw new Error(`no golden case ${name}`);
  const { tensor } = golden(new URL(found.file, folder));
  const value = (output: string): number => found.outputs[output]?.value ?? Number.NaN;
  return { options: found.options, tolerance: found.tolerance, tensor, value };
}
