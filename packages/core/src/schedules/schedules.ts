import { requireOneOf } from '../checks.js';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import { asSchedule, type Schedule } from './schedule.js';

/**
 * The same value at each step.
 *
 * @example
 * const rate = constant(1e-3);
 * rate(10_000); // 0.001
 */
export function constant(value: number): Schedule {
  return () => value;
}

/**
 * Half a cosine from `from` to `to` over `steps` steps, then `to`: to + (from - to) (1 + cos(pi t / steps)) / 2.
 *
 * @see Loshchilov, Hutter: SGDR (2017), equation 5
 * @example
 * const rate = cosine({ from: 1e-3, steps: 1000 });
 * rate(500); // 0.0005
 */
export function cosine({
  from,
  to = 0,
  steps,
  ...others
}: {
  from: number;
  /** @default 0 */

  to?: number;
  steps: number;
}): Schedule {
  assertKnownOptions('cosine', others, ['from', 'to', 'steps']);

  checkSteps('cosine', steps);
  return (step) => to + ((from - to) * (1 + Math.cos((Math.PI * Math.min(step, steps)) / steps))) / 2;
}

/**
 * Half cosines from `from` to `to`, each starting again at `from` and `growth` times as long as the one before.
 *
 * @see Loshchilov, Hutter: SGDR (2017), section 3
 * @example
 * const rate = cosineRestarts({ from: 1e-3, steps: 100, growth: 2 }); // starts again at steps 100 and 300
 * rate(100); // 0.001
 */
export function cosineRestarts({
  from,
  to = 0,
  steps,
  growth = 1,
  ...others
}: {
  from: number;
  /** @default 0 */
  to?: number;
  /** Length of the first. */
  steps: number;
  /** @default 1 */
  growth?: number;
}): Schedule {
  assertKnownOptions('cosineRestarts', others, ['from', 'to', 'steps', 'growth']);

  checkSteps('cosineRestarts', steps);
  if (!(growth >= 1)) throw new CrossmodalError(`cosineRestarts: growth must be at least 1, got ${growth}`);
  return (step) => {
    let length = steps;
    let at = step;
    if (growth === 1) at = step % steps;
    else {
      for (; at >= length; length *= growth) at -= length;
    }
    return to + ((from - to) * (1 + Math.cos((Math.PI * at) / length))) / 2;
  };
}

/**
 * Rises linearly from `from` over the first `steps` steps to the first value of `to`, which goes on from there.
 *
 * @example
 * const rate = linearWarmup({ steps: 100, to: cosine({ from: 1e-3, steps: 900 }) });
 * rate(50); // 0.0005
 */
export function linearWarmup({
  steps,
  from = 0,
  to,
  ...others
}: {
  steps: number;
  /** @default 0 */
  from?: number;
  to: number | Schedule;
}): Schedule {
  assertKnownOptions('linearWarmup', others, ['steps', 'from', 'to']);

  if (!(steps >= 0)) throw new CrossmodalError(`linearWarmup: steps must not be negative, got ${steps}`);
  const rest = asSchedule(to);
  return (step) => (step < steps ? from + ((rest(0) - from) * step) / steps : rest(step - steps));
}

/**
 * From `from` to `to` over `steps` steps along (1 - t / steps)^power, then `to`; a straight line by default.
 *
 * @example
 * const rate = polynomial({ from: 1, steps: 100, power: 2 });
 * rate(50); // 0.25
 */
export function polynomial({
  from,
  to = 0,
  steps,
  power = 1,
  ...others
}: {
  from: number;
  /** @default 0 */
  to?: number;
  steps: number;
  /** @default 1 */
  power?: number;
}): Schedule {
  assertKnownOptions('polynomial', others, ['from', 'to', 'steps', 'power']);

  checkSteps('polynomial', steps);
  return (step) => to + (from - to) * (1 - Math.min(step, steps) / steps) ** power;
}

/**
 * `from` times `factor` for each `every` steps that passed: from factor^floor(t / every).
 *
 * @example
 * const rate = stepDecay({ from: 0.1, every: 1000 });
 * rate(2500); // 0.001
 */
export function stepDecay({
  from,
  factor = 0.1,
  every,
  ...others
}: {
  from: number;
  /** @default 0.1 */
  factor?: number;
  every: number;
}): Schedule {
  assertKnownOptions('stepDecay', others, ['from', 'factor', 'every']);

  checkSteps('stepDecay', every);
  return (step) => from * factor ** Math.floor(step / every);
}

/**
 * `from` times `factor` for each milestone that was reached.
 *
 * @example
 * const rate = milestones({ from: 0.1, at: [3000, 6000] });
 * rate(3000); // 0.01
 */
export function milestones({
  from,
  factor = 0.1,
  at,
  ...others
}: {
  from: number;
  /** @default 0.1 */
  factor?: number;
  at: readonly number[];
}): Schedule {
  assertKnownOptions('milestones', others, ['from', 'factor', 'at']);

  return (step) => from * factor ** at.filter((milestone) => step >= milestone).length;
}

/**
 * from factor^t.
 *
 * @example
 * const rate = exponentialDecay({ from: 0.1, factor: 0.5 });
 * rate(2); // 0.025
 */
export function exponentialDecay({ from, factor, ...others }: { from: number; factor: number }): Schedule {
  assertKnownOptions('exponentialDecay', others, ['from', 'factor']);

  return (step) => from * factor ** step;
}

/**
 * from / sqrt(1 + t / timescale); with a warm-up of `timescale` steps before it, the schedule of the first Transformer.
 *
 * @example
 * const transformer = linearWarmup({ steps: 4000, to: inverseSquareRoot({ from: 1e-3, timescale: 4000 }) });
 * transformer(16_000); // 0.0005
 */
export function inverseSquareRoot({ from, timescale, ...others }: { from: number; timescale: number }): Schedule {
  assertKnownOptions('inverseSquareRoot', others, ['from', 'timescale']);

  checkSteps('inverseSquareRoot', timescale);
  return (step) => from / Math.sqrt((step + timescale) / timescale);
}

/**
 * One cycle: from peak / 25 up to `peak` over the first `rise` of the steps, then down to peak / 250,000, along half cosines
 * or lines; with `symmetric` down to the start at the same pace first, then to the end.
 *
 * @see Smith, Topin: Super-convergence (2018), section 4; conventions of torch.optim.lr_scheduler.OneCycleLR
 * @example
 * const rate = oneCycle({ peak: 0.1, steps: 1000 });
 * rate(0); // 0.004
 */
export function oneCycle({
  peak,
  steps,
  rise = 0.3, // torch's default
  startDivisor = 25, // torch's default
  endDivisor = 1e4, // torch's default
  shape = 'cosine',
  symmetric = false,
  ...others
}: {
  peak: number;
  steps: number;
  /** @default 0.3 */
  rise?: number;
  /** @default 25 */
  startDivisor?: number;
  /**
   * Of the start.
   * @default 1e4
   */
  endDivisor?: number;
  /** @default 'cosine' */
  shape?: 'cosine' | 'line';
  /** @default false */
  symmetric?: boolean;
}): Schedule {
  assertKnownOptions('oneCycle', others, ['peak', 'steps', 'rise', 'startDivisor', 'endDivisor', 'shape', 'symmetric']);
  requireOneOf('oneCycle: shape', shape, ['cosine', 'line']);

  checkSteps('oneCycle', steps);
  const start = peak / startDivisor;
  const end = start / endDivisor;
  const top = rise * steps - 1;
  const phases: [until: number, from: number, to: number][] = symmetric
    ? [
        [top, start, peak],
        [2 * top, peak, start],
        [steps - 1, start, end],
      ]
    : [
        [top, start, peak],
        [steps - 1, peak, end],
      ];
  const blend = (from: number, to: number, share: number) =>
    shape === 'line' ? from + (to - from) * share : to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2;
  return (step) => {
    let since = 0;
    for (const [until, from, to] of phases) {
      if (step <= until) return blend(from, to, (step - since) / (until - since));
      since = until;
    }
    return end;
  };
}

/**
 * DANN's schedules, over training progress p = t / steps: with `from` the learning rate
 * from / (1 + 10 p)^0.75; without it the weight of the domain loss 2 / (1 + exp(-10 p)) - 1, which rises from 0 to 1.
 *
 * @see Ganin et al.: Domain-adversarial training of neural networks (2016), section 5.2.2
 * @example
 * const lambda = dannAnnealing({ steps: 1000 });
 * lambda(0); // 0
 * const rate = dannAnnealing({ steps: 1000, from: 0.01 });
 * rate(0); // 0.01
 */
export function dannAnnealing({ steps, from, ...others }: { steps: number; from?: number }): Schedule {
  assertKnownOptions('dannAnnealing', others, ['steps', 'from']);

  checkSteps('dannAnnealing', steps);
  if (from !== undefined) return (step) => from / (1 + (10 * Math.min(step, steps)) / steps) ** 0.75;
  return (step) => 2 / (1 + Math.exp((-10 * Math.min(step, steps)) / steps)) - 1;
}

function checkSteps(caller: string, steps: number): void {
  if (!(steps > 0)) throw new CrossmodalError(`${caller}: the number of steps must be positive, got ${steps}`);
}
