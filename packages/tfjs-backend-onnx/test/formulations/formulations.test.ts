import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formulations } from '../../src/formulations/table.js';
import type { Value } from '../../src/ir/graph.js';
import { lower } from '../../src/passes/lower.js';
import { afterLowering } from '../../src/passes/optimise.js';
import { evaluate, magnitude } from '../evaluate.js';
import { allCases, convolutionCases, deepConvolutions } from './cases.js';
import { definition } from './naive.js';

const expected = new Map<string, number[]>();
const cases = allCases();
/** Formulations that some case was written in. */
const used = new Set<string>();

const nameOf = ({ composite, name }: { composite: string; name: string }): string => `${composite}: ${name}`;

describe('every formulation equals the definition', () => {
  beforeAll(() => {
    for (const { name, value } of cases) expected.set(name, definition(value));
  });

  describe.each(cases)('$name', ({ name, value }) => {
    const candidates = formulations.filter((f) => f.composite === value.node.op && f.applies(value.node));

    it.each(candidates)('$name', (formulation) => {
      used.add(nameOf(formulation));
      const { inputs, attrs } = value.node;
      const written = formulation.write(inputs as Value[], attrs, value.shape);
      expect(written.shape).toEqual(value.shape);
      const lowered = lower({ outputs: [written] }, { exact: true });
      const truth = expected.get(name)!;
      const bound = (formulation.exact ? 2e-6 : 2e-5) * magnitude(truth);
      // As it is written, and as the other passes leave it.
      for (const graph of [lowered, afterLowering(lowered)]) {
        expect(evaluate(graph)[0]! as Float32Array).toBeAllclose(Float64Array.from(truth), { rtol: 1e-5, atol: bound });
      }
    });
  });

  afterAll(() => {
    // A formulation that no shape reaches is not tested: add a row to cases.ts.
    expect(formulations.map(nameOf).filter((name) => !used.has(name))).toEqual([]);
  });
});

describe('forms that save multiplications keep the error that the documentation states', () => {
  const inexact = formulations.filter(({ exact, name }) => !exact && name === 'toom-cook');

  it.each(convolutionCases(deepConvolutions, 'Conv'))('$name', ({ value }) => {
    const form = inexact.find(({ composite }) => composite === value.node.op)!;
    expect(form.applies(value.node)).toBe(true);
    const { inputs, attrs } = value.node;
    const written = form.write(inputs as Value[], attrs, value.shape);
    const actual = evaluate(lower({ outputs: [written] }, { exact: true }))[0]! as Float32Array;
    const truth = Float64Array.from(definition(value));
    const largest = truth.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    const taps = Math.max(...(attrs['kernel'] as readonly number[]));
    const stated = value.node.op === 'ConvFilterGradient' && taps === 7 ? 3e-5 : 1e-5;
    expect(actual).toBeAllclose(truth, { rtol: 0, atol: stated * largest });
  });
});
