import type { Value } from '../ir/graph.js';
import { apply, cast, reduce, scalar, where } from '../ir/ops.js';
import { reducedShape } from '../ir/shapes.js';
import { attribute, axesOf, type KernelCall, type RecordKernel, wrapped } from './kernel.js';

// Max alone calls its axes otherwise.
const axes = (call: KernelCall): number[] =>
  axesOf(
    attribute<number | number[] | undefined>(call, 'axis') ?? attribute(call, 'reductionIndices'),
    call.inputs['x']!.shape.length,
  );
const keepDims = (call: KernelCall): boolean => Boolean(attribute<boolean | undefined>(call, 'keepDims'));

const number =
  (op: string): RecordKernel =>
  (call) => {
    const x = call.inputs['x']!;
    return reduce(op, x.type === 'bool' ? cast(x, 'int32') : x, axes(call), keepDims(call));
  };

/** Sums and products of integers modulo 2^32; ONNX Runtime's stop at the largest one. Exact up to 2^63 in between. */
const accumulated =
  (op: string): RecordKernel =>
  (call) => {
    const x = call.inputs['x']!;
    if (x.type === 'float32') return number(op)(call);
    if (axes(call).every((axis) => x.shape[axis] === 1)) return number(op)(call);
    return wrapped(reduce(op, cast(x, 'int64'), axes(call), keepDims(call)));
  };

/** ONNX Runtime's extremes skip NaN, tfjs's do not. */
const extreme =
  (op: string): RecordKernel =>
  (call) => {
    const x = call.inputs['x']!;
    const result = number(op)(call) as Value;
    if (x.type !== 'float32') return cast(result, x.type);
    const bad = cast(
      reduce('ReduceMax', cast(apply('IsNaN', [x], x.shape, 'bool'), 'float32'), axes(call), keepDims(call)),
      'bool',
    );
    return where(bad, scalar(Number.NaN), result);
  };

/** Bools reduce as integers and come back as bools. */
const logical =
  (op: string): RecordKernel =>
  (call) =>
    cast(reduce(op, cast(call.inputs['x']!, 'int32'), axes(call), keepDims(call)), 'bool');

const arg =
  (op: string): RecordKernel =>
  (call) => {
    const input = call.inputs['x']!;
    const x = input.type === 'bool' ? cast(input, 'int32') : input;
    const [axis = 0] = axes(call);
    // NaN counts as the worst number there is.
    const worst = scalar(op === 'ArgMax' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY);
    const comparable = x.type === 'float32' ? where(apply('IsNaN', [x], x.shape, 'bool'), worst, x) : x;
    return cast(apply(op, [comparable], reducedShape(x.shape, [axis], false), 'int64', { axis, keepdims: 0 }), 'int32');
  };

export const reductions: Record<string, RecordKernel> = {
  Sum: accumulated('ReduceSum'),
  Mean: (call) => reduce('ReduceMean', cast(call.inputs['x']!, 'float32'), axes(call), keepDims(call)),
  Prod: accumulated('ReduceProd'),
  Max: extreme('ReduceMax'),
  Min: extreme('ReduceMin'),
  All: logical('ReduceMin'),
  Any: logical('ReduceMax'),
  ArgMax: arg('ArgMax'),
  ArgMin: arg('ArgMin'),
};
