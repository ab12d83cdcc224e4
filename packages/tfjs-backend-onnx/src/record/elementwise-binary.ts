import type { Value } from '../ir/graph.js';
import { add, binary, cast, compare, div, mul, scalar, sub, unary, where } from '../ir/ops.js';
import { atan2 } from './atan2.js';
import { type RecordKernel, truncated } from './kernel.js';

type Pair = (a: Value, b: Value) => Value | undefined;

/** Bools compute as integers and come back as bools. */
const numbers =
  (f: Pair): RecordKernel =>
  ({ inputs: { a, b } }) => {
    if (a!.type !== b!.type) return undefined;
    if (a!.type !== 'bool') return f(a!, b!);
    const result = f(cast(a!, 'int32'), cast(b!, 'int32'));
    return result && cast(result, 'bool');
  };

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
  return truncated(unary('Floor', div(cast(a, 'float64'), cast(b, 'float64'))));
}

/** The remainder with the sign of the divisor. */
function mod(a: Value, b: Value): Value {
  if (a.type === 'int32') {
    // The processor stops at a division by 0, and of the lowest number by -1. The rest of division by 1 is 0, too.
    const one = scalar(1, 'int32');
    const unit = compare('And', compare('LessOrEqual', b, one), compare('GreaterOrEqual', b, scalar(-1, 'int32')));
    return binary('Mod', a, where(unit, one, b), { fmod: 0 });
  }
  const rest = binary('Mod', a, b, { fmod: 1 });
  const zero = scalar(0);
  const otherSign = compare('Xor', compare('Less', rest, zero), compare('Less', b, zero));
  return where(compare('And', otherSign, unary('Not', compare('Equal', rest, zero))), add(rest, b), rest);
}

/** Integers in double precision, as tfjs does. */
function power(a: Value, b: Value): Value {
  if (a.type === 'float32') return binary('Pow', a, b);
  return truncated(binary('Pow', cast(a, 'float64'), cast(b, 'float64')));
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
  Pow: numbers(power),
  SquaredDifference: numbers((a, b) => {
    const d = sub(a, b);
    return mul(d, d);
  }),
  AddN: ({ list }) => {
    if (list.some(({ type }) => type !== list[0]!.type)) return undefined;
    const type = list[0]!.type;
    const sum = list.map((v) => (type === 'bool' ? cast(v, 'int32') : v)).reduce((total, v) => add(total, v));
    return cast(sum, type);
  },
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
