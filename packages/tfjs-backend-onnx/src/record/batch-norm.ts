import { add, mul, scalar, sub, unary } from '../ir/ops.js';
import { attribute, type RecordKernel } from './kernel.js';

export const batchNorm: Record<string, RecordKernel> = {
  FusedBatchNorm: (call) => {
    const { x, mean, variance, offset, scale } = call.inputs;
    if (x!.type !== 'float32') return undefined;
    const epsilon = attribute<number | undefined>(call, 'varianceEpsilon') ?? 0.001;
    const inverse = unary('Reciprocal', unary('Sqrt', add(variance!, scalar(epsilon))));
    const factor = scale === undefined ? inverse : mul(inverse, scale);
    const shifted = mul(sub(x!, mean!), factor);
    return offset === undefined ? shifted : add(shifted, offset);
  },
};
