import { unary } from '../ir/ops.js';
import { attribute, type KernelCall, type RecordKernel } from './kernel.js';

const along =
  (op: string, axisName: string): RecordKernel =>
  (call: KernelCall) => {
    const logits = call.inputs['logits']!;
    if (logits.type !== 'float32') return undefined;
    const axis = attribute<number>(call, axisName);
    return unary(op, logits, { axis: axis < 0 ? axis + logits.shape.length : axis });
  };

export const softmax: Record<string, RecordKernel> = {
  Softmax: along('Softmax', 'dim'),
  LogSoftmax: along('LogSoftmax', 'axis'),
};
