import { apply, reshape } from '../ir/ops.js';
import { fromBatchLast, toBatchLast } from './batch-last.js';
import { type Formulation, numbers } from './formulation.js';

/** Pooling in the order [channels, height, width, batch]. */

/** Any windows, as a pooling of volumes that does not pool along the batch. */
const pool = (composite: string): Formulation => ({
  composite,
  name: 'batch-last',
  exact: true,
  applies: ({ outputs }) => outputs[0]!.shape.length === 4,
  write: ([x], attrs, shape) => {
    const image = toBatchLast(x!);
    const [n, oh, ow, c] = shape as [number, number, number, number];
    const volume = reshape(image, [1, ...image.shape]);
    const y = apply(composite, [volume], [1, c, oh, ow, n], 'float32', {
      kernel_shape: [...numbers(attrs, 'kernel'), 1],
      strides: [...numbers(attrs, 'strides'), 1],
      pads: [...numbers(attrs, 'begin'), 0, ...numbers(attrs, 'end'), 0],
    });
    return fromBatchLast(reshape(y, [c, oh, ow, n]));
  },
});

export const maxPoolBatchLast = pool('MaxPool');
export const averagePoolBatchLast = pool('AveragePool');
