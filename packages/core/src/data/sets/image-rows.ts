import type { HostArray } from '../host-array.js';
import type { LabelledImages } from './mnist.js';

/** One picture of a set in memory. */
export interface ImageRow {
  /** [height, width, channels] bytes: a view of the set's own memory. */
  readonly pixels: HostArray;
  readonly label: number;
}

/**
 * The pictures of a set one by one, for a pipeline.
 *
 * @example
 * const { train } = await mnist();
 * const data = pipeline(imageRows(train)).shuffle({ seed: 1 }).batch(64).collate({
 *   pixels: stacked((row) => row.pixels, { scale: 1 / 255 }),
 *   label: scalars((row) => row.label, { dtype: 'int32' }),
 * });
 */
export function imageRows({ images, labels, count, height, width, channels }: LabelledImages): ImageRow[] {
  const size = height * width * channels;
  return Array.from({ length: count }, (_, i) => ({
    pixels: { data: images.subarray(i * size, (i + 1) * size), shape: [height, width, channels] },
    label: labels[i] as number,
  }));
}
