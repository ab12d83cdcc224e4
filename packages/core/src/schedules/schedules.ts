import { CrossmodalError } from '../errors.js';
import type { Schedule } from './schedule.js';

/** The same value at each step. */
export function constant(value: number): Schedule {
  return () => value;
}

/**
 * Half a cosine from `from` to `to` over `steps` steps, then `to`: to + (from - to) (1 + cos(pi t / steps)) / 2.
 *
 * @see Loshchilov, Hutter: SGDR (2017), equation 5
 */
export function cosine({ from, to = 0, steps }: { from: number; to?: number; steps: number }): Schedule {
  checkSteps('cosine', steps);
  return (step) => to + ((from - to) * (1 + Math.cos((Math.PI * Math.min(step, steps)) / steps))) / 2;
}

/**
 * Rises linearly from `from` over the first `steps` steps to the first value of `then`, which starts after them.
 */
export function linearWarmup({
  steps,
  from = 0,
  then,
}: {
  steps: number;
  from?: number;
  then: number | Schedule;
}): Schedule {
  const rest = typeof then === 'number' ? constant(then) : then;
  if (!(steps >= 0)) throw new CrossmodalError(`linearWarmup: steps must not be negative, got ${steps}`);
  return (step) => (step < steps ? from + ((rest(0) - from) * step) / steps : rest(step - steps));
}

/** `from` times `factor` for each `every` steps that passed: from * factor^floor(t / every). */
export function stepDecay({ from, factor = 0.1, every }: { from: number; factor?: number; every: number }): Schedule {
  checkSteps('stepDecay', every);
  return (step) => from * factor ** Math.floor(step / every);
}

/**
 * DANN's schedules, over training progress p = t / steps: with `from` the learning rate
 * from / (1 + 10 p)^0.75; without it the weight of the domain loss 2 / (1 + exp(-10 p)) - 1, which rises from 0 to 1.
 *
 * @see Ganin et al.: Domain-adversarial training of neural networks (2016), section 5.2.2
 */
export function dannAnnealing({ steps, from }: { steps: number; from?: number }): Schedule {
  checkSteps('dannAnnealing', steps);
  if (from !== undefined) return (step) => from / (1 + (10 * Math.min(step, steps)) / steps) ** 0.75;
  return (step) => 2 / (1 + Math.exp((-10 * Math.min(step, steps)) / steps)) - 1;
}

export function checkSteps(caller: string, steps: number): void {
  if (!(steps > 0)) throw new CrossmodalError(`${caller}: the number of steps must be positive, got ${steps}`);
}
