import { CrossmodalError, type Inputs } from '@crossmodal/core';
import * as tf from '@tensorflow/tfjs-core';

/** Inputs by modality, of all rows of a batch or of some. */
export type Chunk<M extends string> = { [K in M]?: Inputs };

/** One value per modality. */
export function mapModalities<M extends string, T>(modalities: readonly M[], f: (name: M) => T): { [K in M]?: T } {
  return Object.fromEntries(modalities.map((name) => [name, f(name)])) as { [K in M]?: T };
}

/** Some rows of the inputs of each modality. */
export function sliceInputs<M extends string>(
  batch: Chunk<M>,
  modalities: readonly M[],
  start: number,
  rows: number,
): Chunk<M> {
  return mapModalities(modalities, (name) =>
    Object.fromEntries(
      Object.entries(batch[name] as Inputs).map(([key, tensor]) => {
        const rest = tensor.shape.slice(1);
        return [key, tf.slice(tensor, [start, ...rest.map(() => 0)], [rows, ...rest])];
      }),
    ),
  );
}

/** The batch size that all modalities share. @throws CrossmodalError when they do not */
export function rowsOf<M extends string>(batch: Chunk<M>, modalities: readonly M[]): number {
  const sizes = modalities.map((name) => Object.values(batch[name] as Inputs)[0]?.shape[0] ?? 0);
  const [size = 0] = sizes;
  if (size === 0 || sizes.some((other) => other !== size)) {
    throw new CrossmodalError(
      `cachedGradientStep: all modalities must have one batch size, got ${modalities.map((name, i) => `${name} ${sizes[i]}`).join(', ') || 'none'}`,
    );
  }
  return size;
}

/** Without the entries that are undefined, which compiled functions do not take. */
export function definedOnly<T extends object>(record: T): T {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as T;
}
