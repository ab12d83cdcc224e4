import { Random } from '@crossmodal/core';

/** What a picture of a shape was made of. */
export interface ShapeFactors {
  shape: number;
  size: number;
  left: number;
  top: number;
}

/** How many values each factor has. */
export const shapeFactors = { shape: 3, size: 4, left: 8, top: 8 } as const satisfies Record<
  keyof ShapeFactors,
  number
>;

/** Pixels a side. */
export const shapeSize = 24;

/** Whether a place within a shape of radius one, from its centre, is covered: a square, a disc, a triangle. */
const covers: readonly ((x: number, y: number) => boolean)[] = [
  (x, y) => Math.max(Math.abs(x), Math.abs(y)) <= 0.9,
  (x, y) => x ** 2 + y ** 2 <= 1,
  (x, y) => y <= 0.8 && Math.abs(x) <= (y + 1) * 0.6,
];

/** A white shape on black, on or off: [24 * 24]. */
export function shapePicture({ shape, size, left, top }: ShapeFactors): Float32Array {
  const radius = 3 + size;
  // Places from the border to the border, whatever the size.
  const place = (step: number) => 7 + (step * (shapeSize - 14)) / 7;
  const [x0, y0] = [place(left), place(top)];
  const inside = covers[shape]!;
  return Float32Array.from({ length: shapeSize ** 2 }, (_, i) => {
    const [x, y] = [(i % shapeSize) + 0.5, Math.floor(i / shapeSize) + 0.5];
    return Number(inside((x - x0) / radius, (y - y0) / radius));
  });
}

/** All combinations of the factors, each once, in a fixed order that says nothing. */
export function everyShape(): ShapeFactors[] {
  const all: ShapeFactors[] = [];
  for (let shape = 0; shape < shapeFactors.shape; shape++) {
    for (let size = 0; size < shapeFactors.size; size++) {
      for (let left = 0; left < shapeFactors.left; left++) {
        for (let top = 0; top < shapeFactors.top; top++) all.push({ shape, size, left, top });
      }
    }
  }
  return new Random('shapes').shuffle(all);
}
