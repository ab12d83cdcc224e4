import { constantValue, type Value } from '../ir/graph.js';
import { add, cast, compare, div, gather, mul, reshape, scalar, slice, sub, unary, where } from '../ir/ops.js';
import { attribute, type KernelCall, type RecordKernel } from './kernel.js';

const double = (value: number): Value => scalar(value, 'float64');

/** Positions in the image, in double precision as elsewhere: rounding decides what lies outside. [boxes, count] */
function positions(first: Value, last: Value, size: number, count: number): Value {
  const [low, high] = [cast(first, 'float64'), cast(last, 'float64')];
  if (count === 1) return mul(mul(double(0.5), add(low, high)), double(size - 1));
  const step = div(mul(sub(high, low), double(size - 1)), double(count - 1));
  const ramp = constantValue(
    Float64Array.from({ length: count }, (_, i) => i),
    [1, count],
    'float64',
  );
  return add(mul(low, double(size - 1)), mul(ramp, step));
}

const integer = (x: Value): Value => cast(x, 'int32');
const clipped = (x: Value, size: number): Value => unary('Clip', x, { min: 0, max: size - 1 });

/** Boxes cut out of a batch of images and sampled at a fixed size. Gradients do not flow, as in tfjs. */
export const cropAndResize: Record<string, RecordKernel> = {
  CropAndResize: (call: KernelCall) => {
    const { image, boxes, boxInd } = call.inputs as { image: Value; boxes: Value; boxInd: Value };
    const [batch, height, width, channels] = image.shape as [number, number, number, number];
    const [rows, columns] = attribute<[number, number]>(call, 'cropSize');
    const outside = attribute<number>(call, 'extrapolationValue');
    const count = boxes.shape[0]!;
    const side = (i: number) => slice(boxes, [i], [i + 1], [1]);
    const y = positions(side(0), side(2), height, rows);
    const x = positions(side(1), side(3), width, columns);
    const within = (p: Value, size: number) =>
      compare('And', compare('GreaterOrEqual', p, double(0)), compare('LessOrEqual', p, double(size - 1)));

    const pixels = reshape(image.type === 'float32' ? image : cast(image, 'float32'), [
      batch * height * width,
      channels,
    ]);
    const isInside = compare(
      'And',
      compare('GreaterOrEqual', boxInd, scalar(0, 'int32')),
      compare('Less', boxInd, scalar(batch, 'int32')),
    );
    const start = mul(where(isInside, boxInd, scalar(0, 'int32')), scalar(height * width, 'int32'));
    const base = reshape(start, [count, 1, 1]);
    const at = (py: Value, px: Value): Value => {
      const row = mul(reshape(clipped(integer(py), height), [count, rows, 1]), scalar(width, 'int32'));
      const place = add(add(base, row), reshape(clipped(integer(px), width), [count, 1, columns]));
      return gather(pixels, place, 0);
    };
    let sampled: Value;
    if (attribute<string>(call, 'method') === 'bilinear') {
      const [top, left] = [unary('Floor', y), unary('Floor', x)];
      const [bottom, right] = [unary('Ceil', y), unary('Ceil', x)];
      const down = reshape(cast(sub(y, top), 'float32'), [count, rows, 1, 1]);
      const across = reshape(cast(sub(x, left), 'float32'), [count, 1, columns, 1]);
      const mix = (a: Value, b: Value, t: Value) => add(a, mul(sub(b, a), t));
      sampled = mix(mix(at(top, left), at(top, right), across), mix(at(bottom, left), at(bottom, right), across), down);
    } else {
      const nearest = (p: Value) => unary('Floor', add(p, double(0.5)));
      sampled = at(nearest(y), nearest(x));
    }
    const inside = compare(
      'And',
      reshape(within(y, height), [count, rows, 1, 1]),
      reshape(within(x, width), [count, 1, columns, 1]),
    );
    const view = where(inside, sampled, scalar(outside));
    return where(reshape(isInside, [count, 1, 1, 1]), view, scalar(0));
  },
};
