import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HostSource } from '../../src/entry.js';
import { formulations } from '../../src/formulations/table.js';
import type { Value } from '../../src/ir/graph.js';
import { lower } from '../../src/passes/lower.js';
import { afterLowering } from '../../src/passes/optimise.js';
import { evaluate, magnitude } from '../evaluate.js';
import { allCases } from './cases.js';
import { references } from './naive.js';

const expected = new Map<string, number[]>();
const cases = allCases();
/** Formulations that some case was written in. */
const used = new Set<string>();

function numbersOf(value: Value): number[] {
  if (value.node.op === 'Input') return Array.from((value.node.source as HostSource).numbers, Number);
  return reference(value);
}

function reference(value: Value): number[] {
  const { op, inputs, attrs } = value.node;
  return references[op]!((inputs as Value[]).map(numbersOf), inputs as Value[], attrs, value.shape);
}

const nameOf = ({ composite, name }: { composite: string; name: string }): string => `${composite}: ${name}`;

describe('every formulation equals the definition', () => {
  beforeAll(() => {
    for (const { name, value } of cases) expected.set(name, reference(value));
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
