import { describe, expect, it } from 'vitest';
import { registerOnnxBackend } from '../../src/index.js';
import { topological } from '../../src/ir/graph.js';
import { composite } from '../../src/ir/ops.js';
import { lower } from '../../src/passes/lower.js';
import { evaluate, random } from '../evaluate.js';

const conv = (side: number, channels: number) =>
  composite(
    'Conv',
    [random([2, side, side, channels], 1), random([3, 3, channels, channels], 2)],
    [2, side, side, channels],
    'float32',
    { kernel: [3, 3], strides: [1, 1], dilations: [1, 1], begin: [1, 1], end: [1, 1] },
  );

describe('lowering', () => {
  it('leaves no composite, in either mode', () => {
    for (const exact of [true, false]) {
      const graph = lower({ outputs: [conv(6, 4)] }, { exact });
      expect(topological(graph.outputs).every((node) => node.domain === '')).toBe(true);
    }
  });

  it('a preferred formulation is taken where it applies, and gives the same numbers', () => {
    const forms = ['direct', 'batch-last'].map((name) =>
      lower({ outputs: [conv(6, 4)] }, { exact: true, prefer: [name] }),
    );
    const operators = forms.map((graph) =>
      topological(graph.outputs)
        .map(({ op, attrs }) => `${op} ${attrs['dilations']}`)
        .join(),
    );
    expect(operators[0]).not.toBe(operators[1]);
    const [direct, batchLast] = forms.map((graph) => evaluate(graph)[0]! as Float32Array);
    expect(batchLast!).toBeAllclose(direct!, { rtol: 1e-5, atol: 1e-5 });
  });

  it('names of formulations that do not exist are refused', () => {
    expect(() => registerOnnxBackend({ prefer: ['direct', 'tom-cook'] })).toThrow(
      /prefer must name formulations, got 'tom-cook'; there are .*toom-cook/,
    );
  });

  it('names what it cannot write', () => {
    const unknown = composite('NoSuchComposite', [random([2], 1)], [2], 'float32');
    expect(() => lower({ outputs: [unknown] }, { exact: true })).toThrow(
      'internal: no formulation for NoSuchComposite',
    );
  });
});
