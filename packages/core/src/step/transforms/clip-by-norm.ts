import { CrossmodalError } from '../../errors.js';
import { assertKnownOptions } from '../../known-options.js';
import { checkOrder, type NormOptions, scaleToNorm } from './global-norm.js';
import type { GradientTransform } from './transform.js';

/**
 * Scales all gradients by min(1, limit / (norm + 1e-6)), norm being that of all of them together, and reports that norm as
 * `gradientNorm`.
 *
 * @param limit largest norm that passes unchanged
 * @throws CrossmodalError for a limit that is not positive, and an order below 1
 * @see Pascanu, Mikolov, Bengio: On the difficulty of training recurrent neural networks (2013), algorithm 1;
 *   the 1e-6 is torch's
 * @example
 * const step = trainStep(model, { optimizer: adamW({ learningRate: 1e-3 }), transforms: [clipByNorm(1)] });
 */
export function clipByNorm(limit: number, options: NormOptions = {}): GradientTransform {
  assertKnownOptions('clipByNorm', options, { order: true } satisfies Record<keyof NormOptions, true>);
  const { order = 2 } = options;
  checkLimit('clipByNorm', limit);
  checkOrder('clipByNorm', order);
  return {
    name: 'clipByNorm',
    init: () => ({
      update(gradients) {
        const names = Object.keys(gradients);
        const { scaled, norm } = scaleToNorm(Object.values(gradients), limit, { order });
        return {
          gradients: Object.fromEntries(names.map((name, i) => [name, scaled[i]!])),
          metrics: { gradientNorm: norm },
        };
      },
    }),
  };
}

/** @throws CrossmodalError unless the limit is positive */
export function checkLimit(caller: string, limit: unknown): void {
  if (typeof limit === 'number' && limit > 0) return;
  throw new CrossmodalError(`${caller}: limit must be a positive number, got ${String(limit)}`);
}
