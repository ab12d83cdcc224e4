import type { Value } from '../ir/graph.js';
import { add, binary, cast, compare, div, mul, sub, unary } from '../ir/ops.js';
import { atan2 } from './atan2.js';
import type { RecordKernel } from './kernel.js';

type Pair = (a: Value, b: Value) => Value | undefined;

const numbers =
  (f: Pair): RecordKernel =>
  ({ inputs: { a, b } }) =>
    a!.type === 'bool' || b!.type === 'bool' || a!.type !== b!.type ? undefined : f(a!, b!);

const floats =
  (f: Pair): RecordKernel =>
  ({ inputs: { a, b } }) =>
    a!.type === 'float32' && b!.type === 'float32' ? f(a!, b!) : undefined;

const comparison =
  (f: Pair): RecordKernel =>
  ({ inputs: { a, b } }) =>
    a!.type === 'bool' || b!.type === 'bool'
      ? f(cast(a!, 'int32'), cast(b!, 'int32'))
      : a!.type === b!.type
        ? f(a!, b!)
        : undefined;

const logical =
  (op: string): RecordKernel =>
  ({ inputs: { a, b } }) =>
    a!.type === 'bool' && b!.type === 'bool' ? compare(op, a!, b!) : undefined;

/** Integers divide in double precision, which holds every int32 exactly. */
function floorDiv(a: Value, b: Value): Value {
  if (a.type === 'float32') return unary('Floor', div(a, b));
  return cast(unary('Floor', div(cast(a, 'float64'), cast(b, 'float64'))), 'int32');
}

/** The remainder with the sign of the divisor. */
function mod(a: Value, b: Value): Value {
  const remainder = (p: Value, q: Value) => binary('Mod', p, q, { fmod: 1 });
  return remainder(add(remainder(a, b), b), b);
}

export const elementwiseBinary: Record<string, RecordKernel> = {
  Add: numbers(add),
  Sub: numbers(sub),
  Multiply: numbers(mul),
  RealDiv: floats(div),
  FloorDiv: numbers(floorDiv),
  Mod: numbers(mod),
  Maximum: numbers((a, b) => binary('Max', a, b)),
  Minimum: numbers((a, b) => binary('Min', a, b)),
  Pow: numbers((a, b) => binary('Pow', a, b)),
  SquaredDifference: numbers((a, b) => {
    const d = sub(a, b);
    return mul(d, d);
  }),
  AddN: ({ list }) => (list.every((v) => v.type !== 'bool') ? list.reduce((sum, v) => add(sum, v)) : undefined),
  Atan2: floats(atan2),
  BitwiseAnd: ({ inputs: { a, b } }) =>
    a!.type === 'int32' && b!.type === 'int32' ? binary('BitwiseAnd', a!, b!) : undefined,
  Equal: comparison((a, b) => compare('Equal', a, b)),
  NotEqual: comparison((a, b) => unary('Not', compare('Equal', a, b))),
  Greater: comparison((a, b) => compare('Greater', a, b)),
  GreaterEqual: comparison((a, b) => compare('GreaterOrEqual', a, b)),
  Less: comparison((a, b) => compare('Less', a, b)),
  LessEqual: comparison((a, b) => compare('LessOrEqual', a, b)),
  LogicalAnd: logical('And'),
  LogicalOr: logical('Or'),
  LogicalXor: logical('Xor'),
};
