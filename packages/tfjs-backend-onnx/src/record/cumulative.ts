import { unary } from '../ir/ops.js';
import { attribute, type RecordKernel } from './kernel.js';

export const cumulative: Record<string, RecordKernel> = {
  Cumsum: (call) => {
    const x = call.inputs['x']!;
    if (x.type === 'bool') return undefined;
    const axis = attribute<number>(call, 'axis');
    return unary('CumSum', x, {
      axis: axis < 0 ? axis + x.shape.length : axis,
      exclusive: attribute<boolean>(call, 'exclusive') ? 1 : 0,
      reverse: attribute<boolean>(call, 'reverse') ? 1 : 0,
    });
  },
};
