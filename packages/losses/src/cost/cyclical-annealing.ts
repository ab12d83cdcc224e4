import { assertKnownOptions, requireInteger } from '@crossmodal/core';
import type { Schedule } from '@crossmodal/core/schedules';
import { requireNumber } from '../internal/validate.js';

export interface CyclicalAnnealingOptions {
  /** T: the steps of the whole training; afterwards the value stays at the maximum. */
  steps: number;
  /**
   * M: how many times the value rises from 0.
   * @default 4
   */
  cycles?: number;
  /**
   * R: the share of a cycle in which it rises; the rest stays at the maximum.
   * @default 0.5
   */
  ramp?: number;
  /** @default 1 */
  maximum?: number;
}

/**
 * Cyclical annealing of a KL weight against posterior collapse: it rises from 0 to the maximum again and again.
 *
 * beta_t = maximum min(1, tau / R), tau = (t mod T/M) / (T/M).
 *
 * @throws CrossmodalError when steps or cycles are not positive, or ramp is not in (0, 1]
 * @see Fu et al., 2019, Cyclical Annealing Schedule: A Simple Approach to Mitigating KL Vanishing, eq. 6 and 7
 * @example
 * const beta = cyclicalAnnealing({ steps: 10_000 });
 * const loss = tf.neg(elbo(logLikelihood, kl, { beta: scheduledScalar(beta) })); // inside a training step of core
 */
export function cyclicalAnnealing({
  steps,
  cycles = 4, // the paper
  ramp = 0.5, // the paper
  maximum = 1,
  ...others
}: CyclicalAnnealingOptions): Schedule {
  assertKnownOptions('cyclicalAnnealing', others, ['steps', 'cycles', 'ramp', 'maximum']);

  requireNumber('cyclicalAnnealing', 'steps', steps, { minimum: 0, open: true });
  requireInteger('cyclicalAnnealing: cycles', cycles);
  requireNumber('cyclicalAnnealing', 'ramp', ramp, { minimum: 0, maximum: 1, open: true });
  requireNumber('cyclicalAnnealing', 'maximum', maximum, { minimum: 0 });
  const period = steps / cycles;
  return (step) => (step >= steps ? maximum : maximum * Math.min(1, (step % period) / period / ramp));
}
