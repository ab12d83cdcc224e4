import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { principalComponents } from './principal-components.js';

/** A point of a scatter plot. */
export type Point = [x: number, y: number];

/**
 * Coordinates for a picture of features by domain: the first two principal components of all domains together. Domains that
 * were adapted lie on top of each other.
 *
 * @param domains features [rows, dim] by domain name
 * @returns points by domain, in the order of the rows
 * @throws CrossmodalError when the features do not fit together or have fewer than two columns
 *
 * @example
 * const points = await domainPicture({ source: model.features(images), target: model.features(drawings) });
 */
export async function domainPicture(domains: Readonly<Record<string, Tensor2D>>): Promise<Record<string, Point[]>> {
  const all = tf.tidy(() => tf.concat(Object.values(domains), 0));
  try {
    const components = await principalComponents(all, { components: 2 });
    try {
      const points: Record<string, Point[]> = {};
      for (const [name, rows] of Object.entries(domains)) {
        const projected = components.project(rows);
        points[name] = (await projected.array()) as Point[];
        projected.dispose();
      }
      return points;
    } finally {
      components.dispose();
    }
  } finally {
    all.dispose();
  }
}
