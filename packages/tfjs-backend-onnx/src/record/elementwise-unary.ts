import type { Value } from '../ir/graph.js';
import { add, apply, binary, cast, compare, composite, div, mul, scalar, sub, unary, where } from '../ir/ops.js';
import { attribute, type KernelCall, type RecordKernel, throughFloat } from './kernel.js';

const x = (call: KernelCall): Value => call.inputs['x'] ?? call.list[0]!;

/** A float operation that ONNX has under this name; integers go through float. */
const direct =
  (op: string): RecordKernel =>
  (call) =>
    x(call).type === 'bool' ? undefined : throughFloat(x(call), (v) => unary(op, v));

/** An operation that ONNX has for integers, too. */
const anyNumber =
  (op: string): RecordKernel =>
  (call) =>
    x(call).type === 'bool' ? undefined : unary(op, x(call));

const written =
  (f: (v: Value, call: KernelCall) => Value): RecordKernel =>
  (call) =>
    x(call).type === 'bool' ? undefined : throughFloat(x(call), (v) => f(v, call));

/** Kernels whose result is float32 for any number. */
const floating =
  (f: (v: Value, call: KernelCall) => Value): RecordKernel =>
  (call) =>
    x(call).type === 'bool' ? undefined : f(cast(x(call), 'float32'), call);

/** Rounding leaves integers alone. */
const rounding =
  (op: string): RecordKernel =>
  (call) =>
    x(call).type === 'float32' ? unary(op, x(call)) : x(call);

/** log(1 + x) without cancellation: for u = 1 + x, log(u) x / (u - 1) is accurate, and x where u = 1. */
function log1p(v: Value): Value {
  const u = add(v, scalar(1));
  const exact = mul(unary('Log', u), div(v, sub(u, scalar(1))));
  const small = compare('Equal', u, scalar(1));
  // At infinity the quotient is not a number.
  const huge = compare('Greater', u, scalar(1e9));
  return where(small, v, where(huge, unary('Log', u), exact));
}

/** exp(x) - 1 without cancellation: for u = exp(x), (u - 1) x / log(u). */
function expm1(v: Value): Value {
  const u = unary('Exp', v);
  const minusOne = sub(u, scalar(1));
  const accurate = div(mul(minusOne, v), unary('Log', u));
  const near = compare('Less', unary('Abs', v), scalar(0.5));
  return where(compare('Equal', u, scalar(1)), v, where(near, accurate, minusOne));
}

/** max(x, 0) - log(sigmoid(|x|)): ONNX Runtime's own Softplus is scalar code on one thread. */
function softplus(v: Value): Value {
  return sub(unary('Relu', v), unary('Log', unary('Sigmoid', unary('Abs', v))));
}

/** 1 above zero, alpha elsewhere; a composite, because its use in gradients need not care for NaN. */
function step(v: Value, alpha: number): Value {
  return composite('Step', [v], v.shape, 'float32', { alpha });
}

export const elementwiseUnary: Record<string, RecordKernel> = {
  Abs: anyNumber('Abs'),
  Acos: direct('Acos'),
  Acosh: direct('Acosh'),
  Asin: direct('Asin'),
  Asinh: direct('Asinh'),
  Atan: direct('Atan'),
  Atanh: direct('Atanh'),
  Ceil: rounding('Ceil'),
  ClipByValue: (call) => {
    const v = x(call);
    if (v.type === 'bool') return undefined;
    return unary('Clip', v, {
      min: attribute<number>(call, 'clipValueMin'),
      max: attribute<number>(call, 'clipValueMax'),
    });
  },
  Cos: direct('Cos'),
  Cosh: direct('Cosh'),
  Elu: direct('Elu'),
  EluGrad: (call) => {
    const { dy, y } = call.inputs;
    // d elu / dx = 1 for x >= 0, else y + 1
    return mul(dy!, binary('Min', add(y!, scalar(1)), scalar(1)));
  },
  Erf: direct('Erf'),
  Exp: floating((v) => unary('Exp', v)),
  Expm1: written(expm1),
  Floor: rounding('Floor'),
  IsFinite: (call) => {
    const v = cast(x(call), 'float32');
    const bad = apply(
      'Or',
      [apply('IsNaN', [v], v.shape, 'bool'), apply('IsInf', [v], v.shape, 'bool')],
      v.shape,
      'bool',
    );
    return unary('Not', bad);
  },
  IsInf: (call) => apply('IsInf', [cast(x(call), 'float32')], x(call).shape, 'bool'),
  IsNan: (call) => apply('IsNaN', [cast(x(call), 'float32')], x(call).shape, 'bool'),
  LeakyRelu: floating((v, call) => unary('LeakyRelu', v, { alpha: attribute<number>(call, 'alpha') })),
  Log: direct('Log'),
  Log1p: written(log1p),
  LogicalNot: (call) => unary('Not', x(call)),
  Neg: anyNumber('Neg'),
  Prelu: (call) => {
    const { x: v, alpha } = call.inputs;
    if (v!.type !== 'float32' || alpha!.type !== 'float32') return undefined;
    return where(compare('Less', v!, scalar(0)), mul(v!, alpha!), v!);
  },
  Reciprocal: direct('Reciprocal'),
  Relu: anyNumber('Relu'),
  Relu6: written((v) => unary('Clip', v, { min: 0, max: 6 })),
  Round: rounding('Round'),
  Rsqrt: written((v) => unary('Reciprocal', unary('Sqrt', v))),
  Selu: written((v) => unary('Selu', v, { alpha: 1.6732632423543772, gamma: 1.0507009873554805 })),
  Sigmoid: direct('Sigmoid'),
  // A NaN has no sign: 0, as in tfjs.
  Sign: written((v) =>
    sub(cast(compare('Greater', v, scalar(0)), 'float32'), cast(compare('Less', v, scalar(0)), 'float32')),
  ),
  Sin: direct('Sin'),
  Sinh: direct('Sinh'),
  Softplus: written(softplus),
  Sqrt: direct('Sqrt'),
  Square: (call) => (x(call).type === 'bool' ? undefined : mul(x(call), x(call))),
  Step: written((v, call) => step(v, attribute<number>(call, 'alpha') ?? 0)),
  Tan: direct('Tan'),
  Tanh: direct('Tanh'),
};
