import { add, apply, cast, compare, mul, scalar, unary, where } from '../ir/ops.js';
import type { Formulation } from './formulation.js';

/** Near the largest float: only denormal numbers times this stay below one. */
const STEEP = 3e38;

/** 1 above zero, alpha at and below it, NaN for NaN. */
export const stepDirect: Formulation = {
  composite: 'Step',
  name: 'direct',
  exact: true,
  applies: () => true,
  write: ([x], attrs) => {
    const alpha = attrs['alpha'] as number;
    const positive = cast(compare('Greater', x!, scalar(0)), 'float32');
    const step = alpha === 0 ? positive : add(mul(positive, scalar(1 - alpha)), scalar(alpha));
    return where(apply('IsNaN', [x!], x!.shape, 'bool'), x!, step);
  },
};

/**
 * dy times the step of x, for 0 <= alpha <= 1: the gradient of relu and leaky relu. Where x is NaN, the result is as
 * well. Not exact: for positive denormal x (below 3.3e-39) the slope is between alpha and 1.
 */
export const stepGradientSteep: Formulation = {
  composite: 'StepGradient',
  name: 'steep',
  exact: false,
  applies: () => true,
  write: ([dy, x], attrs) => {
    const alpha = attrs['alpha'] as number;
    // A steep slope cut off at 0 (or alpha) and 1: one vectorised pass, where comparing and casting take two slow ones.
    const mask =
      alpha === 0
        ? unary('HardSigmoid', x!, { alpha: STEEP, beta: 0 })
        : unary('Clip', mul(x!, scalar(STEEP)), { min: alpha, max: 1 });
    return mul(dy!, mask);
  },
};
