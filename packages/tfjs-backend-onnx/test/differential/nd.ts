/** Arrays in double precision, for definitions written as loops. */
export type Type = 'float32' | 'int32' | 'bool' | 'complex64';

export interface Nd {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
  readonly dtype: Type;
  /** Imaginary parts of complex numbers. */
  readonly imag?: ArrayLike<number>;
}

export type Place = readonly number[];

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

export function offsetOf(shape: readonly number[], place: Place): number {
  return shape.reduce((offset, size, axis) => offset * size + place[axis]!, 0);
}

export const at = (x: Nd, place: Place): number => x.values[offsetOf(x.shape, place)]!;

/** All places of a shape in order. */
export function places(shape: readonly number[]): number[][] {
  let list: number[][] = [[]];
  for (const size of shape) list = list.flatMap((head) => Array.from({ length: size }, (_, i) => [...head, i]));
  return list;
}

/** An array by the value at each place. */
export const build = (shape: readonly number[], dtype: Type, f: (place: number[]) => number): Nd => ({
  shape,
  dtype,
  values: places(shape).map(f),
});

export const reshaped = (x: Nd, shape: readonly number[]): Nd => ({ ...x, shape });

/** The value that a broadcast array has at a place of a larger shape. */
export function spread(x: Nd, place: Place): number {
  const offset = place.length - x.shape.length;
  return at(
    x,
    x.shape.map((size, axis) => (size === 1 ? 0 : place[axis + offset]!)),
  );
}

export function broadcastShape(...shapes: (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1);
    return sizes.includes(0) ? 0 : Math.max(...sizes);
  });
}

/** The sum over a shape of `f`. */
export function total(shape: readonly number[], f: (place: number[]) => number): number {
  let sum = 0;
  for (const place of places(shape)) sum += f(place);
  return sum;
}

/** Numbers as their type stores them. */
export function stored({ values, dtype, ...rest }: Nd): Nd {
  const store = { float32: Math.fround, int32: (v: number) => v | 0, bool: (v: number) => (v === 0 ? 0 : 1) };
  const f = dtype === 'complex64' ? store.float32 : store[dtype];
  return { ...rest, dtype, values: Array.from(values, f) };
}
