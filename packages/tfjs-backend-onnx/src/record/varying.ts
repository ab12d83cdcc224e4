import { createNode, inputValue, type Value } from '../ir/graph.js';
import { add, concat, constant, numbersOf, scalar, sub } from '../ir/ops.js';
import { HostSource } from '../memory/host-source.js';

/** Places that are remembered; a program has far fewer. */
const REMEMBERED = 4096;

/**
 * Attributes that change from call to call. The first value seen in a place becomes part of the graph; every other one
 * is an input of it, so that all of them together need one session more.
 */
export class VaryingAttributes {
  private readonly first = new Map<string, string>();

  varies(place: string, value: readonly number[]): boolean {
    const text = value.join();
    const before = this.first.get(place);
    if (before !== undefined) return before !== text;
    if (this.first.size >= REMEMBERED) this.first.clear();
    this.first.set(place, text);
    return false;
  }
}

const input = (numbers: readonly number[]): Value =>
  inputValue(new HostSource(numbersOf(numbers, 'int64')), [numbers.length], 'int64');

/** A slice of fixed size that begins where an input says. */
export function sliceAt(x: Value, begin: readonly number[], size: readonly number[]): Value {
  const axes = constant(
    begin.map((_, axis) => axis),
    [begin.length],
    'int64',
  );
  const start = input(begin);
  // The size is part of the graph: two slices of different sizes are not the same structure.
  const ends = add(start, constant(size, [size.length], 'int64'));
  return createNode({
    op: 'Slice',
    inputs: [x, start, ends, axes],
    outputs: [{ shape: size.slice(), type: x.type }],
  }).outputs[0]!;
}

/** Padding to a fixed size, as wide as an input says. */
export function padBy(x: Value, paddings: readonly (readonly [number, number])[], value: number): Value {
  const shape = x.shape.map((dim, axis) => dim + paddings[axis]![0] + paddings[axis]![1]);
  const before = input(paddings.map(([first]) => first));
  const total = paddings.map(([first, last]) => first + last);
  const pads = concat([before, sub(constant(total, [total.length], 'int64'), before)], 0);
  return createNode({
    op: 'Pad',
    inputs: [x, pads, scalar(value, x.type)],
    outputs: [{ shape, type: x.type }],
  }).outputs[0]!;
}
