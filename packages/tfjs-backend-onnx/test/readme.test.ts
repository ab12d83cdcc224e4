import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { CpuKernels } from '../src/host/cpu-kernels.js';
import { complexKernels } from '../src/record/complex.js';
import { hostConstants } from '../src/record/creation.js';
import { recordable } from '../src/record/table.js';

it('the README lists the kernels that always fall back', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const list = /<!-- fallbacks.*?-->(.*?)<!-- \/fallbacks -->/s.exec(readme)![1]!;
  const named = [...list.matchAll(/`(\w+)`/g)].map(([, kernel]) => kernel!);
  /** Kernels that only give data another name or shape. */
  const renames = ['Complex', 'ExpandDims', 'Identity', 'Imag', 'Real', 'Reshape'];
  const known = new Set([...Object.keys(recordable), ...Object.keys(complexKernels), ...hostConstants, ...renames]);
  expect(named).toEqual(
    CpuKernels.names()
      .filter((kernel) => !known.has(kernel))
      .sort(),
  );
});
