import type { GradientTransform } from './transform.js';
import { type AverageOptions, checkAverageOptions, WeightAverage } from './weight-average.js';

/**
 * Keeps an average of the weights: a = decay a + (1 - decay) w after each update. The step evaluates with it
 * (`withAverages`) or takes it over at the end (`applyAverages`).
 *
 * @throws CrossmodalError for a decay outside [0, 1)
 * @see Polyak, Juditsky: Acceleration of stochastic approximation by averaging (1992); equal
 *   weights: Izmailov et al.: Averaging weights leads to wider optima (2018); warm-up as in timm's ModelEmaV3
 * @example
 * const step = trainStep(model, { optimizer: adamW({ learningRate: 1e-3 }), transforms: [average({ decay: 0.999 })] });
 */
export function average(options: AverageOptions = {}): GradientTransform {
  checkAverageOptions('average', options);
  return {
    name: 'average',
    init(weights) {
      const averaged = new WeightAverage(weights, options);
      return {
        variables: averaged.averages,
        averages: averaged.averages,
        afterUpdate: () => averaged.update(),
        setUpdates(count) {
          averaged.updates = count;
        },
        dispose: () => averaged.dispose(),
      };
    },
  };
}
