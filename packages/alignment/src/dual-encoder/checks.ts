import { CrossmodalError, type Encoder, requireInteger } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { reservedNames } from './batch.js';

/** Refuses fewer than two modalities, names that the batch or the terms need, and options that name others. */
export function checkNames(modalities: readonly string[], lists: Record<string, readonly string[]>): void {
  if (modalities.length < 2) {
    throw new CrossmodalError(
      `dualEncoder: there must be at least two modalities, got ${modalities.join(', ') || 'none'}`,
    );
  }
  const reserved = modalities.find((name) => reservedNames.includes(name) || name.includes('-'));
  if (reserved !== undefined) {
    throw new CrossmodalError(
      `dualEncoder: a modality must not contain '-' or be one of ${reservedNames.join(', ')}, got '${reserved}'`,
    );
  }
  for (const [option, names] of Object.entries(lists)) {
    const unknown = names.find((name) => !modalities.includes(name));
    if (unknown !== undefined) {
      throw new CrossmodalError(
        `dualEncoder: ${option} must name modalities (${modalities.join(', ')}), got '${unknown}'`,
      );
    }
  }
}

/** Refuses a dimension that is no size, or that an encoder without projection does not have. */
export function checkDimensions(
  encoders: Record<string, Encoder>,
  dimension: number,
  unprojected: readonly string[],
): void {
  requireInteger('dualEncoder: dimension', dimension);
  for (const name of unprojected) {
    const own = encoders[name]?.dimension;
    if (own !== dimension) {
      throw new CrossmodalError(
        `dualEncoder: without projection the ${name} encoder must have dimension ${dimension}, got ${own}`,
      );
    }
  }
}

/** Refuses weights of pairs that do not exist, or that are negative. */
export function checkWeights(weights: Readonly<Record<string, number>>, pairs: readonly string[]): void {
  for (const [name, weight] of Object.entries(weights)) {
    if (!pairs.includes(name))
      throw new CrossmodalError(`dualEncoder: weights must name pairs (${pairs.join(', ')}), got '${name}'`);
    if (!(weight >= 0 && Number.isFinite(weight))) {
      throw new CrossmodalError(`dualEncoder: weights must be finite and not negative, got ${weight} for ${name}`);
    }
  }
}

/** The batch size that all embeddings share. */
export function checkRows<M extends string>(
  given: readonly M[],
  embeddings: { [K in M]?: Tensor2D },
  dimension: number,
): number {
  const shapes = given.map((name) => embeddings[name]?.shape as [number, number]);
  const size = shapes[0]?.[0] as number;
  if (shapes.some((shape) => shape[0] !== size || shape[1] !== dimension)) {
    const list = given.map((name, i) => `${name} [${shapes[i]}]`).join(', ');
    throw new CrossmodalError(
      `dualEncoder.loss: all modalities must have shape [batch, ${dimension}] with one batch size, got ${list}`,
      {
        remedy: "repeat rows, or mark missing samples in 'present'",
      },
    );
  }
  return size;
}
