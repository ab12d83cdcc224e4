import { readFileSync } from 'node:fs';
import { goldenIndex } from '@crossmodal/testkit';
import { describe, expect, test } from 'vitest';
import {
  constant,
  cosine,
  cosineRestarts,
  dannAnnealing,
  exponentialDecay,
  inverseSquareRoot,
  linearWarmup,
  milestones,
  oneCycle,
  plateau,
  polynomial,
  type Schedule,
  stepDecay,
} from '../../src/schedules/index.js';

const folder = new URL('../golden/optim/', import.meta.url);
const { cases } = goldenIndex<{ cases: { name: string; tolerance: { rtol: number; atol: number } }[] }>(folder);
const names = cases.filter(({ name }) => name.startsWith('schedule_')).map(({ name }) => name.slice(9));

function values(name: string): { values: number[]; metrics?: number[] } {
  return JSON.parse(readFileSync(new URL(`schedule_${name}.json`, folder), 'utf8')) as { values: number[] };
}

const schedules: Record<string, Schedule> = {
  constant: constant(0.1),
  step: stepDecay({ from: 0.1, factor: 0.5, every: 6 }),
  multi_step: milestones({ from: 0.1, factor: 0.1, at: [4, 9, 15] }),
  exponential: exponentialDecay({ from: 0.1, factor: 0.9 }),
  cosine: cosine({ from: 0.1, to: 0.001, steps: 20 }),
  cosine_warm_restarts: cosineRestarts({ from: 0.1, to: 0.002, steps: 5, growth: 2 }),
  linear_ramp: linearWarmup({ steps: 10, from: 0.01, to: 0.1 }),
  polynomial: polynomial({ from: 0.1, steps: 20, power: 2 }),
  one_cycle: oneCycle({ peak: 0.4, steps: 31 }),
  one_cycle_three_phase_linear: oneCycle({ peak: 0.4, steps: 31, rise: 0.4, shape: 'line', symmetric: true }),
  warmup_then_cosine_sequential: linearWarmup({ steps: 5, from: 0.02, to: cosine({ from: 0.1, steps: 20 }) }),
  hf_linear_warmup: linearWarmup({ steps: 5, to: polynomial({ from: 0.05, steps: 20 }) }),
  hf_cosine_warmup: linearWarmup({ steps: 5, to: cosine({ from: 0.05, steps: 20 }) }),
  hf_cosine_hard_restarts: linearWarmup({ steps: 4, to: cosineRestarts({ from: 0.05, steps: 26 / 3 }) }),
  hf_polynomial_warmup: linearWarmup({ steps: 4, to: polynomial({ from: 0.05, to: 1e-4, steps: 20, power: 1.5 }) }),
  hf_inverse_sqrt: linearWarmup({ steps: 8, to: inverseSquareRoot({ from: 0.05, timescale: 8 }) }),
  dann: dannAnnealing({ steps: 20, from: 0.01 }),
  dann_lambda: dannAnnealing({ steps: 20 }),
};

/** Ours stay at their end; torch's cosine rises again, and transformers' restarts fall to zero. */
const until: Record<string, number> = { cosine: 21, hf_cosine_hard_restarts: 30 };

test('every schedule of the golden files is here', () => {
  expect([...Object.keys(schedules), 'plateau'].sort()).toEqual([...names].sort());
});

describe('learning rates equal those of torch and transformers', () => {
  test.each(Object.entries(schedules))('%s', (name, schedule) => {
    const expected = values(name).values.slice(0, until[name]);
    const { tolerance } = cases.find((example) => example.name === `schedule_${name}`)!;
    expected.forEach((value, step) => {
      const bound = tolerance.atol + tolerance.rtol * Math.abs(value);
      expect(Math.abs(schedule(step) - value), `step ${step}: ${schedule(step)} against ${value}`).toBeLessThanOrEqual(
        bound,
      );
    });
  });

  test('plateau', () => {
    const { values: expected, metrics } = values('plateau');
    const rate = plateau({ from: 0.1, factor: 0.5, patience: 2 });
    const seen = metrics!.map((metric, step) => {
      const now = rate(step);
      rate.observe(metric);
      return now;
    });
    expect(seen).toEqual(expected);
    const copy = plateau({ from: 1 });
    copy.restore(JSON.parse(JSON.stringify(rate.state())));
    expect(copy(0)).toBe(rate(0));
  });
});

test('schedules refuse an empty span', () => {
  expect(() => cosine({ from: 1, steps: 0 })).toThrow('cosine: the number of steps must be positive, got 0');
});
