import { add, apply, cast, compare, mul, scalar, where } from '../ir/ops.js';
import type { Formulation } from './formulation.js';

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

/** dy times the step of x: the gradient of relu and leaky relu. Where x is NaN, dy is as well. */
export const stepGradientDirect: Formulation = {
  composite: 'StepGradient',
  name: 'direct',
  exact: true,
  applies: () => true,
  write: ([dy, x], attrs) => {
    const alpha = attrs['alpha'] as number;
    const positive = cast(compare('Greater', x!, scalar(0)), 'float32');
    return mul(dy!, alpha === 0 ? positive : add(mul(positive, scalar(1 - alpha)), scalar(alpha)));
  },
};
