import type { Scalar } from '@tensorflow/tfjs-core';
import { hostInput } from '../compile/host-input.js';
import { nextInStep } from '../random/step-scope.js';

/** A value for each step; the first step is 0. */
export type Schedule = (step: number) => number;

/** A number stands for a constant schedule. */
export function asSchedule(value: number | Schedule): Schedule {
  return typeof value === 'number' ? () => value : value;
}

/**
 * The value of a schedule at the running training step, as a scalar that a compiled step reads anew each time: weights of
 * loss terms, lambda of a gradient reversal, a temperature. Outside a training step it is the value at step 0.
 *
 * @example
 * const reversed = gradientReversal(features, { lambda: scheduledScalar(dannAnnealing({ steps: 1000 })) });
 */
export function scheduledScalar(schedule: number | Schedule): Scalar {
  const at = asSchedule(schedule);
  const place = nextInStep(schedule === at ? at : {});
  return hostInput([], 'float32', (out) => {
    out[0] = at(place?.clock.step ?? 0);
  }) as Scalar;
}
