import { constantValue, sizeOf, type Value } from '../ir/graph.js';
import { add, binary, div, matMul, mul, reshape, scalar } from '../ir/ops.js';
import { attribute, type KernelCall, type RecordKernel } from './kernel.js';

/** Sums over the channels at most `radius` away: a product with a band of ones. */
function nearby(x: Value, radius: number): Value {
  const channels = x.shape[x.shape.length - 1]!;
  const band = new Float32Array(channels * channels);
  for (let i = 0; i < channels; i++)
    for (let j = 0; j < channels; j++) if (Math.abs(i - j) <= radius) band[i * channels + j] = 1;
  const matrix = constantValue(band, [channels, channels], 'float32', `band${channels}-${radius}`);
  return reshape(matMul(reshape(x, [sizeOf(x.shape) / channels, channels]), matrix), x.shape);
}

function normaliser(x: Value, call: KernelCall): Value {
  const sums = nearby(mul(x, x), attribute<number>(call, 'depthRadius'));
  return add(mul(sums, scalar(attribute<number>(call, 'alpha'))), scalar(attribute<number>(call, 'bias')));
}

const toMinusBeta = (norm: Value, call: KernelCall): Value =>
  binary('Pow', norm, scalar(-attribute<number>(call, 'beta')));

/** Local response normalisation, y = x (bias + alpha sum x^2)^-beta over nearby channels, and its gradient. */
export const localResponse: Record<string, RecordKernel> = {
  LRN: (call) => {
    const x = call.inputs['x']!;
    return x.type === 'float32' ? mul(x, toMinusBeta(normaliser(x, call), call)) : undefined;
  },
  LRNGrad: (call) => {
    const { x, y, dy } = call.inputs as { x: Value; y: Value; dy: Value };
    if (dy.type !== 'float32') return undefined;
    const norm = normaliser(x, call);
    const spread = nearby(div(mul(dy, y), norm), attribute<number>(call, 'depthRadius'));
    const factor = -2 * attribute<number>(call, 'alpha') * attribute<number>(call, 'beta');
    return add(mul(dy, toMinusBeta(norm, call)), mul(mul(x, spread), scalar(factor)));
  },
};
