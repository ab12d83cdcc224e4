import type { Value } from '../ir/graph.js';
import { add, apply, cast, compare, div, scalar, sub, unary, where } from '../ir/ops.js';

const and = (a: Value, b: Value): Value => compare('And', a, b);

/** 1 where the sign bit is set, minus zero included. */
function isNegative(x: Value): Value {
  return compare('Less', where(compare('Equal', x, scalar(0)), unary('Reciprocal', x), x), scalar(0));
}

const isInfinite = (x: Value): Value => apply('IsInf', [x], x.shape, 'bool');

/** -1 or 1. */
const signOf = (x: Value): Value =>
  sub(cast(compare('Greater', x, scalar(0)), 'float32'), cast(compare('Less', x, scalar(0)), 'float32'));

/** The angle of the point (x, y), in (-pi, pi], with the signs of zeros and infinities as in C and JavaScript. */
export function atan2(y: Value, x: Value): Value {
  const bothZero = and(compare('Equal', y, scalar(0)), compare('Equal', x, scalar(0)));
  const bothInfinite = and(isInfinite(y), isInfinite(x));
  const ratio = where(bothInfinite, div(signOf(y), signOf(x)), div(y, x));
  const half = unary('Atan', where(bothZero, y, ratio));
  const left = isNegative(x);
  // Of two zeros only the sign counts; left of the axis the quotient carried the other sign.
  const turn = where(isNegative(y), scalar(-Math.PI), scalar(Math.PI));
  return where(left, add(half, turn), half);
}
