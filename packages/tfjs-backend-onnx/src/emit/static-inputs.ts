import type { ElementType } from '../ir/graph.js';

/**
 * Operators whose parameters ONNX takes as constant inputs. In the intermediate representation they are attributes;
 * emission appends them as initialisers in this order (`undefined` leaves an optional input out).
 */
interface StaticInput {
  attribute: string;
  /** Type of the initialiser; `same` is the type of the first input. */
  type: ElementType | 'same';
  /** A scalar instead of a list. */
  scalar?: boolean;
}

const list = (attribute: string): StaticInput => ({ attribute, type: 'int64' });
const reduction: readonly StaticInput[] = [list('axes')];

export const staticInputs: Readonly<Record<string, readonly StaticInput[]>> = {
  Reshape: [list('shape')],
  Expand: [list('shape')],
  Tile: [list('repeats')],
  Slice: [list('starts'), list('ends'), list('axes'), list('steps')],
  Pad: [list('pads'), { attribute: 'value', type: 'same', scalar: true }],
  Split: [list('split')],
  TopK: [list('k')],
  CumSum: [{ attribute: 'axis', type: 'int64', scalar: true }],
  Clip: [
    { attribute: 'min', type: 'same', scalar: true },
    { attribute: 'max', type: 'same', scalar: true },
  ],
  ReduceSum: reduction,
  ReduceMean: reduction,
  ReduceMax: reduction,
  ReduceMin: reduction,
  ReduceProd: reduction,
};

/** Attributes that ONNX declares as floats; every other number is an integer. */
export const floatAttributes: ReadonlySet<string> = new Set([
  'alpha',
  'beta',
  'gamma',
  'epsilon',
  'bias',
  'activation_params',
]);
