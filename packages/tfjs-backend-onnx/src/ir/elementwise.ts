import type { Node } from './graph.js';

/** Operators that compute each element of the result from the elements at the same place (with broadcasting). */
const elementwiseOperators: ReadonlySet<string> = new Set([
  'Abs',
  'Acos',
  'Acosh',
  'Add',
  'And',
  'Asin',
  'Asinh',
  'Atan',
  'Atanh',
  'Cast',
  'Ceil',
  'Clip',
  'Cos',
  'Cosh',
  'Div',
  'Elu',
  'Equal',
  'Erf',
  'Exp',
  'Floor',
  'Greater',
  'GreaterOrEqual',
  'HardSigmoid',
  'IsInf',
  'IsNaN',
  'LeakyRelu',
  'Less',
  'LessOrEqual',
  'Log',
  'Max',
  'Min',
  'Mod',
  'Mul',
  'Neg',
  'Not',
  'Or',
  'Pow',
  'Reciprocal',
  'Relu',
  'Round',
  'Selu',
  'Sigmoid',
  'Sign',
  'Sin',
  'Sinh',
  'Sqrt',
  'Sub',
  'Sum',
  'Tan',
  'Tanh',
  'Where',
  'Xor',
]);

export function isElementwise(node: Node): boolean {
  return node.domain === '' && elementwiseOperators.has(node.op);
}

export function isReduction(node: Node): boolean {
  return node.domain === '' && node.op.startsWith('Reduce');
}
