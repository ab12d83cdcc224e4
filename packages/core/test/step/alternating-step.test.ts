import { expectNoLeak } from '@crossmodal/testkit';
import type { Scalar, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { type Alternating, type LossTerms, type NamedVariables, Random, randomNormal } from '../../src/index.js';
import { adamW, sgd } from '../../src/optimisers/index.js';
import { accumulate, alternatingStep, average, clipByNorm } from '../../src/train/index.js';
import { backends, useBackendHere } from '../device/backends.js';

const value = (scalar: Scalar | Variable | undefined): number => scalar!.dataSync()[0]!;
interface Batch extends tf.TensorContainerObject {
  x: Scalar;
}
const batchOf = (x: number): Batch => ({ x: tf.scalar(x) });

/** A model from the loss and the variables of each objective. */
function modelOf<Name extends string>(
  objectives: Record<Name, { loss: (batch: Batch) => tf.Tensor | LossTerms; variables: NamedVariables }>,
): Alternating<Batch, Name> {
  const entries = Object.entries(objectives) as [Name, (typeof objectives)[Name]][];
  return {
    objectives: Object.fromEntries(
      entries.map(([name, { loss, variables }]) => [
        name,
        {
          loss: (batch: Batch) => {
            const result = loss(batch);
            return result instanceof tf.Tensor ? { loss: result as Scalar } : result;
          },
          namedVariables: () => variables,
        },
      ]),
    ) as unknown as Alternating<Batch, Name>['objectives'],
    namedVariables: () => Object.assign({}, ...entries.map(([, { variables }]) => variables)),
  };
}

describe.each(backends)('on %s', (device) => {
  useBackendHere(device);
  const optimizer = () => sgd({ learningRate: 0.1 });

  test('objectives are optimised in turn, each seeing what the one before did', () => {
    const a = tf.variable(tf.scalar(1));
    const b = tf.variable(tf.scalar(1));
    const model = modelOf({
      first: { loss: () => tf.mul(a, b), variables: { a } },
      second: { loss: () => tf.neg(tf.mul(a, b)), variables: { b } },
    });
    const step = alternatingStep(model, {
      // The order is the model's, not that of the options.
      objectives: { second: { optimizer: optimizer(), repeat: 2 }, first: { optimizer: optimizer() } },
    });
    const batch = batchOf(1);
    let [x, y] = [1, 1];
    for (let i = 0; i < 5; i++) {
      const first = x * y;
      x -= 0.1 * y;
      y += 0.1 * x;
      const second = -x * y;
      y += 0.1 * x;
      const metrics = step.run(batch);
      expect(value(metrics['first/loss'])).toBeCloseTo(first, 4);
      expect(value(metrics['second/loss'])).toBeCloseTo(second, 4);
      expect(value(a)).toBeCloseTo(x, 4);
      expect(value(b)).toBeCloseTo(y, 4);
    }
    expect(step.hostState()).toEqual({ runs: 5, 'first/updates': 5, 'second/updates': 10 });
    expect(Object.keys(step.namedState()).sort()).toEqual(['model/a', 'model/b']);
    expect(step.learningRates()).toEqual({ 'first/learningRate': 0.1, 'second/learningRate': 0.1 });
    step.dispose();
  });

  test('the schedule and random numbers of a repeated objective advance with each repeat', () => {
    const a = tf.variable(tf.scalar(0));
    const random = new Random(4);
    const draws: number[] = [];
    const model = modelOf({
      p: {
        loss: () => ({ loss: tf.mul(a, 1) as Scalar, draw: tf.sum(randomNormal([1], { random })) as Scalar }),
        variables: { a },
      },
    });
    const step = alternatingStep(model, {
      objectives: { p: { optimizer: sgd({ learningRate: (k) => k + 1 }), repeat: 3 } },
    });
    const batch = batchOf(1);
    let total = 0;
    for (let i = 0; i < 4; i++) {
      draws.push(value(step.run(batch)['p/draw']));
      total += 3 * i + 1 + (3 * i + 2) + (3 * i + 3);
      expect(value(a)).toBeCloseTo(-total, 3);
    }
    expect(new Set(draws).size).toBe(4);
    step.dispose();
  });

  test('a lazy regulariser counts in each so many-th step for all of them, also after a resumption', () => {
    const make = () => {
      const a = tf.variable(tf.scalar(0));
      const b = tf.variable(tf.scalar(0));
      const objective = (variable: Variable, name: string) => ({
        loss: (_: Batch, options: { training?: boolean; regularisation?: number } = {}): LossTerms => {
          const { regularisation } = options;
          const loss = tf.mul(variable, 1 + (regularisation ?? 100)) as Scalar;
          return regularisation ? { loss, penalty: tf.mul(variable, 1) as Scalar } : { loss };
        },
        namedVariables: () => ({ [name]: variable }),
      });
      const model = {
        objectives: { lazy: objective(a, 'a'), plain: objective(b, 'b') },
        namedVariables: () => ({ a, b }),
      };
      const objectives = { lazy: { optimizer: optimizer(), regulariseEvery: 3 }, plain: { optimizer: optimizer() } };
      return { step: alternatingStep<Batch, 'lazy' | 'plain'>(model, { objectives }), a, b };
    };
    const { step, a, b } = make();
    const batch = batchOf(1);
    let expected = 0;
    for (let i = 0; i < 7; i++) {
      const metrics = step.run(batch);
      expected -= 0.1 * (i % 3 === 0 ? 4 : 1);
      expect(value(a)).toBeCloseTo(expected, 5);
      expect('lazy/penalty' in metrics).toBe(i % 3 === 0);
    }
    expect(value(b)).toBeCloseTo(-0.1 * 101 * 7, 3); // who is not lazy is told nothing
    const resumed = make();
    resumed.step.restoreHostState(step.hostState()); // seven steps were made: two without are next
    const moves = [7, 8, 9].map(() => {
      const before = value(resumed.a);
      resumed.step.run(batch);
      return Math.round(10 * (before - value(resumed.a)));
    });
    expect(moves).toEqual([1, 1, 4]);
    step.dispose();
    resumed.step.dispose();
  });

  test('gradients of one objective are averaged over steps, the others move meanwhile', async () => {
    const a = tf.variable(tf.scalar(1));
    const b = tf.variable(tf.scalar(1));
    const rate = 0.1;
    const model = modelOf({
      slow: { loss: ({ x }) => tf.mul(x, tf.mul(tf.square(a), b)), variables: { a } },
      fast: { loss: ({ x }) => tf.mul(tf.mul(a, b), x), variables: { b } },
    });
    const step = alternatingStep(model, {
      objectives: {
        slow: { optimizer: optimizer(), transforms: [accumulate(3)] },
        fast: { optimizer: optimizer() },
      },
    });
    let [p, q, sum] = [1, 1, 0];
    for (let i = 0; i < 7; i++) {
      const x = 1 + 0.3 * i;
      sum += (2 * x * p * q) / 3;
      if (i % 3 === 2) {
        p -= rate * sum;
        sum = 0;
      }
      q -= rate * x * p;
      step.run(batchOf(x));
      expect(value(a)).toBeCloseTo(p, 4);
      expect(value(b)).toBeCloseTo(q, 4);
    }
    expect(step.hostState()).toEqual({ runs: 7, 'slow/updates': 2, 'fast/updates': 7 });
    // What was collected belongs to the run: two thirds of an update are under way.
    expect(value(step.namedState()['slow/accumulate/a'])).toBeCloseTo(sum, 4);
    const batch = batchOf(1);
    for (let i = 0; i < 3; i++) tf.dispose(step.run(batch));
    await expectNoLeak(() => step.run(batch));
    step.dispose();
  });

  test('each objective has its own transforms; averages stand in for the weights of theirs', async () => {
    const a = tf.variable(tf.scalar(1));
    const b = tf.variable(tf.scalar(1));
    const model = modelOf({
      up: { loss: () => tf.mul(a, -4), variables: { a } },
      down: { loss: () => tf.mul(b, 4), variables: { b } },
    });
    const step = alternatingStep(model, {
      objectives: {
        up: { optimizer: sgd({ learningRate: 1 }), transforms: [clipByNorm(1)] },
        down: { optimizer: sgd({ learningRate: 1 }), transforms: [average({ decay: 0.5 })] },
      },
    });
    const metrics = step.run(batchOf(1));
    expect(Object.keys(metrics).sort()).toEqual(['down/loss', 'up/gradientNorm', 'up/loss']);
    tf.dispose(step.run(batchOf(1)));
    expect(value(a)).toBeCloseTo(3, 4);
    expect(value(b)).toBeCloseTo(-7, 4);
    expect(Object.keys(step.averages())).toEqual(['b']);
    await step.withAverages(() => {
      expect(value(a)).toBeCloseTo(3, 4);
      expect(value(b)).toBeCloseTo(-4, 4); // 1, then -1 of (1, -3), then -4 of (-1, -7)
    });
    expect(value(b)).toBeCloseTo(-7, 4);
    step.dispose();
  });

  test('settings that cannot be are refused, by the name of the function and of the objective', () => {
    const v = tf.variable(tf.scalar(1));
    const model = modelOf({ p: { loss: () => tf.mul(v, 1), variables: { v } } });
    const make = (options: object) => () =>
      alternatingStep(model, { objectives: { p: { optimizer: adamW({ learningRate: 1 }), ...options } } });
    expect(make({ repeat: 1.5 })).toThrow("alternatingStep: 'p': repeat must be an integer of at least 1, got 1.5");
    expect(make({ optimizer: undefined })).toThrow("alternatingStep: 'p': optimizer must be a tf.Optimizer");
    expect(make({ repeats: 2 })).toThrow("alternatingStep: 'p': there is no option 'repeats'");
    const both = make({ repeat: 2, transforms: [accumulate(2)] })();
    expect(() => both.run(batchOf(1))).toThrow(
      "alternatingStep: 'p': repeat (2) and accumulate cannot both be set; take several updates",
    );
    expect(() => alternatingStep(model, { objectives: {} as never })).toThrow(
      'alternatingStep: objectives must be set for p, got none; write { objectives: { p: { optimizer } } }',
    );
    expect(() => alternatingStep(model, { objectives: { q: { optimizer: optimizer() } } as never })).toThrow('got q');
    const two = modelOf({
      p: { loss: () => tf.mul(v, 1), variables: { v } },
      q: { loss: () => tf.mul(v, 1), variables: { v } },
    });
    const shared = { optimizer: optimizer() };
    expect(() => alternatingStep(two, { objectives: { p: shared, q: shared } })).toThrow('two of them share one');
    const constant = modelOf({ p: { loss: () => tf.scalar(1), variables: { v } } });
    const step = alternatingStep(constant, { objectives: { p: { optimizer: optimizer() } } });
    expect(() => step.run(batchOf(1))).toThrow(
      "alternatingStep: 'p': the loss does not depend on any of the variables",
    );
  });
});
