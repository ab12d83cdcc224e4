import { describe, expect, it } from 'vitest';
import { type Graph, sizeOf, topological, type Value } from '../../src/ir/graph.js';
import { composite, unary } from '../../src/ir/ops.js';
import { commonSubexpressions } from '../../src/passes/common-subexpressions.js';
import { lower } from '../../src/passes/lower.js';
import { poolBeforeRelu } from '../../src/passes/pool-before-relu.js';
import { evaluate, given, random } from '../evaluate.js';
import { geometry, poolings } from '../formulations/cases.js';
import { wave } from '../kernels/against-cpu.js';
import { unchanged } from './passes.js';

const pass = (graph: Graph): Graph => commonSubexpressions(poolBeforeRelu(graph));

const rows = poolings.map((row) => {
  const { attrs, out } = geometry(row);
  const image = [row.batch, ...row.size, row.channels];
  return {
    name: `${image} by ${row.kernel}, stride ${row.strides}, pad ${row.pad}`,
    attrs,
    image,
    pooled: [row.batch, ...out, row.channels],
  };
});
const [row] = rows as [(typeof rows)[number]];

/** Few levels, half of them negative: windows with ties and windows without anything positive. */
const levels = (shape: readonly number[], seed: number): Value =>
  given(
    shape,
    wave(shape, { seed }).values.map((v) => Math.round(3 * v - 1)),
  );

/** relu, max-pooling and their gradients, as the passes before leave them. */
function network({ attrs, image, pooled }: (typeof rows)[number], x = levels(image, 1), maskOf?: 'x') {
  const relu = unary('Relu', x);
  const y = composite('MaxPool', [relu], pooled, 'float32', attrs);
  const unpooled = composite('MaxPoolGradient', [random(pooled, 2), relu, y], image, 'float32', attrs);
  const dx = composite('StepGradient', [unpooled, maskOf === 'x' ? x : relu], image, 'float32', { alpha: 0 });
  return { x, relu, y, unpooled, dx };
}

/** Sizes of the results of relu and of its gradient. */
const sizes = (graph: Graph): number[] =>
  topological(graph.outputs)
    .filter(({ op }) => op === 'Relu' || op === 'StepGradient')
    .map(({ outputs }) => sizeOf(outputs[0]!.shape))
    .sort((a, b) => a - b);

describe('max-pooling before relu', () => {
  it.each(rows)('$name', (each) => {
    for (const maskOf of [undefined, 'x'] as const) {
      const { y, dx } = network(each, undefined, maskOf);
      const after = unchanged(pass, { outputs: [y, dx] });
      expect(sizes(after)).toEqual([sizeOf(each.pooled), sizeOf(each.pooled)]);
    }
  });

  it('the very same gradients: at ties the first, where nothing is positive none', () => {
    const { dx } = network(row, given(row.image, new Array(sizeOf(row.image)).fill(-1)));
    const none = evaluate(lower(pass({ outputs: [dx] }), { exact: false }))[0]!;
    expect(none.every((value) => Number(value) === 0)).toBe(true);
    const same = network(row, given(row.image, new Array(sizeOf(row.image)).fill(2)));
    unchanged(pass, { outputs: [same.dx] }, 0);
  });

  it('a relu that others read is there as well', () => {
    const { relu, y, dx, unpooled } = network(row);
    const after = unchanged(pass, { outputs: [relu, y, dx, unary('Exp', relu), unpooled] });
    expect(sizes(after)).toEqual([sizeOf(row.pooled), sizeOf(row.pooled), sizeOf(row.image)]);
  });

  it('leaky relu, other slopes and other masks stay', () => {
    const { x, unpooled } = network(row);
    const leaky = unary('LeakyRelu', x, { alpha: 0.2 });
    const y = composite('MaxPool', [leaky], row.pooled, 'float32', row.attrs);
    const gradient = composite('MaxPoolGradient', [random(row.pooled, 2), leaky, y], row.image, 'float32', row.attrs);
    const through = composite('StepGradient', [gradient, leaky], row.image, 'float32', { alpha: 0.2 });
    expect(sizes(unchanged(pass, { outputs: [y, through] }))).toEqual([sizeOf(row.image)]);
    const slope = composite('StepGradient', [unpooled, x], row.image, 'float32', { alpha: 0.5 });
    const elsewhere = composite('StepGradient', [unpooled, random(row.image, 7)], row.image, 'float32', { alpha: 0 });
    for (const value of [slope, elsewhere])
      expect(sizes(unchanged(pass, { outputs: [value] }))).toContain(sizeOf(row.image));
    const average = composite('AveragePool', [unary('Relu', x)], row.pooled, 'float32', row.attrs);
    expect(sizes(unchanged(pass, { outputs: [average] }))).toEqual([sizeOf(row.image)]);
  });

  it('a gradient that was given something else than the maxima stays', () => {
    const { relu } = network(row);
    const foreign = unary('Relu', random(row.pooled, 9));
    const gradient = composite(
      'MaxPoolGradient',
      [random(row.pooled, 2), relu, foreign],
      row.image,
      'float32',
      row.attrs,
    );
    const dx = composite('StepGradient', [gradient, relu], row.image, 'float32', { alpha: 0 });
    expect(sizes(unchanged(pass, { outputs: [dx] }))).toContain(sizeOf(row.image));
  });
});
