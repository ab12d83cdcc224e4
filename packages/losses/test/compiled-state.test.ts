import { type CompiledFunction, compile, Random } from '@crossmodal/core';
import { adam } from '@crossmodal/core/optimisers';
import { trainStep } from '@crossmodal/core/train';
import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import * as losses from '../src/index.js';
import { compiles, useTestBackend } from './backend.js';

useTestBackend('cpu');

const noise = (rows: number, width: number, seed: number): Tensor2D =>
  tf.randomNormal([rows, width], 0, 1, 'float32', seed) as Tensor2D;
const number = (x: Tensor): number => x.dataSync()[0] as number;

/** Calls a function twice so that it is compiled, then compares the replay for new inputs with an ordinary call. */
function expectSameCompiled(f: (a: Tensor2D, b: Tensor2D) => Tensor | Tensor[]): void {
  const step = compile(f) as CompiledFunction<typeof f>;
  for (const seed of [5, 7]) tf.tidy(() => step(noise(6, 4, seed), noise(6, 4, seed + 1)));
  expect(step.compiled).toBe(compiles);
  tf.tidy(() => {
    const [a, b] = [noise(6, 4, 1), noise(6, 4, 2)];
    const [actual, expected] = [step(a, b), f(a, b)].map((x) => (Array.isArray(x) ? x : [x])) as [Tensor[], Tensor[]];
    for (const [i, x] of expected.entries()) expect(actual[i] as Tensor).toBeAllclose(x, { rtol: 1e-5, atol: 1e-6 });
  });
  step.dispose();
}

describe('pairs and miners in a compiled function', () => {
  const miners: Record<string, losses.PairMiner> = {
    hardestPairs: losses.hardestPairs,
    semiHardPairs: losses.semiHardPairs,
    hardNegatives: (d, p) => losses.hardNegatives(d, p, { count: 2 }),
    multiSimilarityPairs: (d, p) => losses.multiSimilarityPairs(d, p),
    'distanceWeightedNegatives, seeded': (d, p) =>
      losses.distanceWeightedNegatives(d, p, { dimension: 4, farthest: 2, seed: 3 }),
    pairsWithinBounds: (d, p) => losses.pairsWithinBounds(d, p, { epsilon: 1, delta: 1.1 }),
  };
  it.each(Object.entries(miners))('%s', (_name, miner) => {
    expectSameCompiled((a, b) => {
      const { positive, negative } = miner(losses.pairwiseDistance(a, b), losses.pairsByIndex(6));
      return [positive, negative];
    });
  });

  it('softNegativeWeights, pairViolations', () => {
    expectSameCompiled((a, b) => losses.softNegativeWeights(losses.cosineSimilarity(a, b), losses.pairsByIndex(6)));
    expectSameCompiled((a, b) =>
      Object.values(
        losses.pairViolations(losses.pairwiseDistance(a, b), losses.pairsByIndex(6), { epsilon: 0.9, delta: 1 }),
      ),
    );
  });

  it('labels that change from call to call', () => {
    const f = (x: Tensor2D, labels: Tensor1D) => losses.supCon(x, labels, { temperature: 0.5 });
    const step = compile(f) as CompiledFunction<typeof f>;
    tf.tidy(() => {
      const labels = [
        [0, 1, 0, 1],
        [0, 0, 1, 1],
        [1, 0, 0, 1],
      ].map((values) => tf.tensor1d(values, 'int32'));
      const x = noise(4, 3, 1);
      for (const given of labels) expect(step(x, given)).toBeAllclose(f(x, given), { rtol: 1e-5 });
      expect(step.compiled).toBe(compiles);
    });
    step.dispose();
  });

  it('a generator draws anew at every replay: slicedWasserstein, distanceWeightedNegatives', () => {
    const random = new Random(4);
    const f = (a: Tensor2D, b: Tensor2D) => [
      losses.slicedWasserstein(a, b, { projections: 3, random }),
      losses.distanceWeightedNegatives(losses.pairwiseDistance(a, b), losses.pairsByIndex(6), {
        dimension: 4,
        farthest: 2,
        random,
      }).negative,
    ];
    const step = compile(f) as CompiledFunction<typeof f>;
    tf.tidy(() => {
      const [a, b] = [noise(6, 4, 1), noise(6, 4, 2)];
      const read = () => step(a, b).map((x) => x.dataSync().join());
      const calls = Array.from({ length: 5 }, read);
      expect(step.compiled).toBe(compiles);
      expect(new Set(calls.map(([value]) => value)).size).toBe(5);
      expect(new Set(calls.map(([, mask]) => mask)).size).toBeGreaterThan(1);
    });
    step.dispose();
  });
});

describe('state in a compiled training step', () => {
  it('MemoryQueue: filled by the step, and used by the next', () => {
    tf.tidy(() => {
      const queue = new losses.MemoryQueue({ size: 4, dimension: 2, seed: 1 });
      const f = (a: Tensor2D, b: Tensor2D) => {
        const loss = losses.infoNce(a, b, { negatives: queue.embeddings, symmetric: false });
        queue.enqueue(b);
        return loss;
      };
      const step = compile(f) as CompiledFunction<typeof f>;
      let expectedQueue = tf.clone(queue.embeddings);
      for (const seed of [1, 2, 3, 4, 5]) {
        const [a, b] = [noise(3, 2, 10 * seed), noise(3, 2, 10 * seed + 1)];
        const expected = losses.infoNce(a, b, { negatives: expectedQueue, symmetric: false });
        expect(step(a, b)).toBeAllclose(expected, { rtol: 1e-5, atol: 1e-6 });
        const fresh = tf.div(b, tf.norm(b, 2, 1, true));
        expectedQueue = tf.slice(tf.concat([fresh, expectedQueue]), [0, 0], [4, 2]) as Tensor2D;
        expect(queue.embeddings).toBeAllclose(expectedQueue, { rtol: 1e-5, atol: 1e-6 });
      }
      expect(step.compiled).toBe(compiles);
      step.dispose();
      queue.dispose();
    });
  });

  it('GradientBalance: updated inside the step, weights as without compilation', () => {
    const strong = (x: Tensor) => tf.mul(10, tf.sum(tf.square(x))) as Scalar;
    const weak = (x: Tensor) => tf.sum(tf.abs(tf.add(x, 1))) as Scalar;
    const run = (compiled: boolean) => {
      const balance = new losses.GradientBalance(['strong', 'weak'], { momentum: 0.5, restoring: 0.5 });
      const cost = losses.crossModalCost<Tensor>({ unimodal: { strong, weak }, weights: balance.weights });
      const f = (x: Tensor) => {
        balance.update(losses.gradientNorms({ strong, weak }, [x]), { strong: strong(x), weak: weak(x) });
        return tf.grad((z) => cost(z).loss)(x);
      };
      const step = compiled ? (compile(f) as CompiledFunction<typeof f>) : f;
      const values = [1, 2, 3, 4, 5].flatMap((seed) =>
        tf.tidy(() => [
          ...step(noise(2, 3, seed)).dataSync(),
          ...Object.values(balance.weights).map((weight) => number(weight)),
        ]),
      );
      if (compiled) {
        expect((step as CompiledFunction<typeof f>).compiled).toBe(compiles);
        (step as CompiledFunction<typeof f>).dispose();
      }
      balance.dispose();
      return values;
    };
    expect(run(true)).toBeAllclose(run(false), { rtol: 1e-4, atol: 1e-5 });
  });

  it('UncertaintyWeights and a schedule for lambda: trained and advanced by the step', () => {
    const learned = new losses.UncertaintyWeights(['a']);
    const cost = losses.crossModalCost<Tensor2D>({
      unimodal: { a: () => tf.scalar(4) },
      crossModal: { c: () => tf.scalar(1) },
      lambda: (step) => step,
      learned,
    });
    const step = trainStep<{ x: Tensor2D }>(
      { loss: ({ x }) => cost(x), variables: learned.variables },
      { optimizer: adam({ learningRate: 0.05 }) },
    );
    const x = noise(2, 2, 1);
    for (let i = 0; i < 120; i++) {
      const metrics = step.run({ x });
      if (i < 6) {
        const loss = number(metrics['loss'] as Tensor);
        const rest = loss - i; // without lambda times 1
        expect(rest).toBeGreaterThan(1);
        expect(rest).toBeLessThanOrEqual(2.001);
      }
      tf.dispose(metrics);
    }
    expect(number(learned.variables[0] as Tensor)).toBeCloseTo(Math.log(4), 1);
    step.dispose();
    x.dispose();
    learned.dispose();
  });
});
