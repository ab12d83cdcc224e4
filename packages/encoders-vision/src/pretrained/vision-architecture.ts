import type { Inputs } from '@crossmodal/core';
import type { Architecture, Config } from '@crossmodal/core/blocks';
import type { Tensor4D } from '@tensorflow/tfjs-core';

/** A family of image models. */
export interface VisionArchitecture extends Architecture {
  /** Height and width of the pictures that it was trained on. */
  readonly size: readonly [height: number, width: number];
  readonly channels: number;
  /** The config.json of what is saved, where only a part of the model was loaded. */
  readonly written?: Readonly<Record<string, unknown>>;
}

export const pixelsOf = (inputs: Inputs): Tensor4D => inputs['pixels'] as Tensor4D;

/** `image_size` and `patch_size` are a number or a pair. */
export function pairOf(config: Config, key: string, fallback: number): [number, number] {
  const value = config.raw(key);
  if (Array.isArray(value) && value.length === 2) {
    return [...config.sizes(key)] as [number, number];
  }
  const size = config.size(key, fallback);
  return [size, size];
}

/** How many classes a head has: `id2label` of transformers, `num_labels` or `num_classes` where a file says so. */
export function classesOf(config: Config, fallback = 2): number {
  const labels = config.raw('id2label');
  if (typeof labels === 'object' && labels !== null) return Object.keys(labels).length;
  return config.has('num_labels') ? config.size('num_labels') : config.size('num_classes', fallback);
}
