import { Random } from '@crossmodal/core';
import { expectNoLeak, gradientCheck } from '@crossmodal/testkit';
import type { Scalar, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  concatenation,
  crossAttention,
  type Fusion,
  type FusionStrategy,
  gated,
  lowRankBilinear,
  type ModalityFeatures,
} from '../src/index.js';
import { useTestBackend } from './backend.js';
import { seededTensor } from './encoders.js';

useTestBackend();

const shapes = [
  { name: 'a', dimension: 3, hasSequence: true },
  { name: 'b', dimension: 2, hasSequence: true },
];

/** Features of three rows; row 1 lacks `a`, row 2 lacks `b`. */
function features(seed = 1): Record<string, ModalityFeatures> {
  const presence: Record<string, number[]> = { a: [1, 0, 1], b: [1, 1, 0] };
  return Object.fromEntries(
    shapes.map(({ name, dimension }, i) => {
      const present = tf.tensor2d(presence[name]!, [3, 1]);
      const vector = tf.mul(seededTensor([3, dimension], seed + i), present) as Tensor2D;
      const sequence = tf.mul(
        seededTensor<Tensor3D>([3, 2 + i, dimension], seed + 10 + i),
        tf.expandDims(present, 2),
      ) as Tensor3D;
      const mask = tf.tile(present, [1, 2 + i]) as Tensor2D;
      return [name, { present, vector: () => vector, sequence: () => ({ sequence, mask }) }];
    }),
  );
}

function values(fusion: Fusion, name: string): number[][] {
  const variable = fusion.namedVariables()[name];
  if (!variable) throw new Error(`no variable ${name} among ${Object.keys(fusion.namedVariables()).join(', ')}`);
  return variable.arraySync() as number[][];
}

/** x W + b for one row. */
function layer(x: readonly number[], kernel: number[][], bias: number[]): number[] {
  return bias.map((offset, j) => x.reduce((sum, value, i) => sum + value * kernel[i]![j]!, offset));
}

function build(strategy: FusionStrategy): Fusion {
  return strategy.build(shapes, { random: new Random(3) });
}

/** Moves every weight a little, so that zeros at the start hide nothing. */
function disturb(fusion: Fusion): Fusion {
  Object.values(fusion.namedVariables()).forEach((variable, i) => {
    variable.assign(tf.add(variable, tf.mul(seededTensor(variable.shape, 50 + i), 0.3)) as never);
  });
  return fusion;
}

const present = (name: string, row: number) => Number(!(name === 'a' ? row === 1 : row === 2));

describe('concatenation', () => {
  it('puts vectors side by side, and the learned vector where one is missing', () => {
    const fusion = disturb(build(concatenation()));
    const seen = features();
    const rows = [0, 1, 2].map((row) =>
      shapes.flatMap(({ name }) =>
        present(name, row)
          ? (seen[name]!.vector().arraySync() as number[][])[row]!
          : values(fusion, `missing/${name}`)[0]!,
      ),
    );
    expect(fusion.dimension).toBe(5);
    expect(fusion.fuse(seen, { training: false })).toBeAllclose(rows);
  });
});

describe('gated', () => {
  it('equals a loop over the formula of the gated multimodal unit', () => {
    const fusion = disturb(build(gated({ dimension: 4 })));
    const seen = features();
    const rows = [0, 1, 2].map((row) => {
      const vectors = shapes.map(({ name }) => (seen[name]!.vector().arraySync() as number[][])[row]!);
      const parts = shapes
        .map(({ name }, m) => {
          const of = (kind: string) =>
            [
              values(fusion, `${kind}/${name}/kernel`),
              values(fusion, `${kind}/${name}/bias`) as unknown as number[],
            ] as const;
          return {
            name,
            proposal: layer(vectors[m]!, ...of('proposal')).map(Math.tanh),
            gate: layer(vectors.flat(), ...of('gate')),
          };
        })
        .filter(({ name }) => present(name, row));
      return [0, 1, 2, 3].map((j) => {
        const total = parts.reduce((sum, { gate }) => sum + Math.exp(gate[j]!), 0);
        return parts.reduce((sum, { gate, proposal }) => sum + (Math.exp(gate[j]!) / total) * proposal[j]!, 0);
      });
    });
    expect(fusion.fuse(seen, { training: false })).toBeAllclose(rows, { rtol: 1e-4, atol: 1e-5 });
  });
});

describe('lowRankBilinear', () => {
  it('equals a loop over the formula, with factors of one for what is missing', () => {
    const fusion = disturb(build(lowRankBilinear({ rank: 4, dimension: 2 })));
    const seen = features();
    const bias = (name: string) => values(fusion, `${name}/bias`) as unknown as number[];
    const rows = [0, 1, 2].map((row) => {
      const product = [1, 1, 1, 1];
      for (const { name } of shapes) {
        if (!present(name, row)) continue;
        const x = (seen[name]!.vector().arraySync() as number[][])[row]!;
        layer(x, values(fusion, `factor/${name}/kernel`), bias(`factor/${name}`)).forEach((value, j) => {
          product[j]! *= Math.tanh(value);
        });
      }
      return layer(product, values(fusion, 'output/kernel'), bias('output'));
    });
    expect(fusion.dimension).toBe(2);
    expect(fusion.fuse(seen, { training: false })).toBeAllclose(rows, { rtol: 1e-4, atol: 1e-5 });
  });
});

describe('crossAttention', () => {
  const strategy = () => crossAttention({ dimension: 8, heads: 2, blocks: 2, dropout: 0 });

  it('gives zeros for a missing modality and depends on the other one of a complete row', () => {
    const fusion = disturb(build(strategy()));
    const seen = features();
    const fused = fusion.fuse(seen, { training: false });
    expect(fused.shape).toEqual([3, 16]);
    expect(tf.slice(fused, [1, 0], [1, 8])).toBeAllclose([new Array(8).fill(0)]);
    expect(tf.slice(fused, [2, 8], [1, 8])).toBeAllclose([new Array(8).fill(0)]);
    // Another `b`: what `a` reads from it changes in row 0, and not in row 2, which has no `b`.
    const other = { a: seen['a']!, b: features(7)['b']! };
    const moved = tf.abs(tf.sub(fusion.fuse(other, { training: false }), fused)).arraySync() as number[][];
    expect(Math.max(...moved[0]!.slice(0, 8))).toBeGreaterThan(1e-3);
    expect(Math.max(...moved[2]!.slice(0, 8))).toBeLessThan(1e-6);
  });

  it('does not depend on the order of the places that are attended to', () => {
    const fusion = disturb(build(strategy()));
    const seen = features();
    const { sequence, mask } = seen['b']!.sequence(2);
    const turned = { ...seen['b']!, sequence: () => ({ sequence: tf.reverse(sequence, 1), mask }) };
    expect(fusion.fuse({ a: seen['a']!, b: turned }, { training: false })).toBeAllclose(
      fusion.fuse(seen, { training: false }),
      { rtol: 1e-4, atol: 1e-5 },
    );
  });

  it('lets only the readers read', () => {
    const fusion = build(crossAttention({ dimension: 8, heads: 2, readers: ['b'] }));
    expect(fusion.dimension).toBe(8);
    expect(Object.keys(fusion.namedVariables()).some((name) => name.startsWith('block/a'))).toBe(false);
  });

  it('refuses what does not fit, by name', () => {
    expect(() => crossAttention({ dimension: 9, heads: 2 })).toThrow('heads must divide dimension, got 2 and 9');
    expect(() => crossAttention({ head: 2 } as never)).toThrow("did you mean 'heads'?");
    expect(() => build(crossAttention({ readers: ['c'] }))).toThrow("readers must name modalities (a, b), got 'c'");
    const bare = [shapes[0]!, { name: 'b', dimension: 2, hasSequence: false }];
    expect(() => crossAttention().build(bare, { random: new Random(1) })).toThrow(
      'the b encoder must have encodeSequence',
    );
  });
});

describe.each([
  ['concatenation', concatenation()],
  ['gated', gated({ dimension: 4 })],
  ['lowRankBilinear', lowRankBilinear({ rank: 4 })],
  ['crossAttention', crossAttention({ dimension: 8, heads: 2, dropout: 0 })],
] as const)('%s', (_, strategy) => {
  it('has the gradient of its central differences', () => {
    const fusion = disturb(build(strategy));
    const seen = features();
    const weights = seededTensor([3, fusion.dimension], 90);
    const f = (a: tf.Tensor, b: tf.Tensor) => {
      const replaced = Object.fromEntries(
        shapes.map(({ name }) => {
          const x = name === 'a' ? a : b;
          const own = seen[name]!;
          const { mask } = own.sequence(0);
          const vector = () => tf.mul(tf.mean(x, 1), own.present) as Tensor2D;
          const sequence = () => ({ sequence: tf.mul(x, tf.expandDims(own.present, 2)) as Tensor3D, mask });
          return [name, { present: own.present, vector, sequence }];
        }),
      );
      return tf.sum(tf.mul(fusion.fuse(replaced, { training: false }), weights)) as Scalar;
    };
    gradientCheck(f, [seededTensor([3, 2, 3], 21), seededTensor([3, 3, 2], 22)], { rtol: 2e-2, atol: 2e-3 });
  });

  it('is the same for the same seed, another for another, and leaves nothing behind', async () => {
    const run = (seed: number) => {
      const fusion = strategy.build(shapes, { random: new Random(seed) });
      const fused = fusion.fuse(features(), { training: false });
      fusion.dispose();
      return fused;
    };
    expect(run(1)).toBeAllclose(run(1));
    if (strategy.build(shapes, { random: new Random(1) }).namedVariables()['missing/a'] === undefined)
      expect(tf.max(tf.abs(tf.sub(run(1), run(2)))).dataSync()[0]).toBeGreaterThan(1e-3);
    await expectNoLeak(() => tf.tidy(() => run(1)));
  });
});
