import { withoutGradient } from '@crossmodal/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { requireThat } from './validate.js';

/** Where float32 stops to tell whole numbers apart. */
const LARGEST_FLOAT = 2 ** 24;

/**
 * The numbers of a tensor of labels, where they can be had at once: not inside a compiled function, which must not depend on them, and
 * not on webgpu, which has no reads at once. Losses then mark impossible labels in the graph, with NaN.
 */
export function readAtOnce(x: Tensor): ArrayLike<number> | undefined {
  if (tf.getBackend() === 'webgpu') return undefined;
  try {
    return x.dataSync();
  } catch {
    return undefined;
  }
}

/** Refuses class numbers that are no integers in [0, classes), where they can be read. Those equal to `ignoreLabel` may be anything. */
export function requireClasses(
  where: string,
  labels: Tensor | readonly number[],
  classes: number,
  ignoreLabel?: number,
): void {
  const values = Array.isArray(labels) ? (labels as readonly number[]) : readAtOnce(labels as Tensor);
  if (!values) return;
  const isClass = (label: number) => Number.isInteger(label) && label >= 0 && label < classes;
  const bad = Array.prototype.findIndex.call(values, (label: number) => label !== ignoreLabel && !isClass(label));
  const rest = ignoreLabel === undefined ? '' : `, or ignoreLabel ${ignoreLabel}`;
  requireThat(
    bad < 0,
    where,
    () => `labels must be integers in [0, ${classes})${rest}, got ${describe(values[bad])} at position ${bad}`,
  );
}

/** 1 where a label is an integer in [0, classes), else 0; float32, without gradient. */
export function isClassLabel(labels: Tensor, classes: number): Tensor {
  return withoutGradient(() => {
    const x = tf.cast(labels, 'float32');
    const inside = tf.logicalAnd(tf.greaterEqual(x, 0), tf.less(x, classes));
    return tf.cast(tf.logicalAnd(inside, tf.equal(x, tf.floor(x))), 'float32');
  });
}

/** Refuses identifiers that are no whole numbers, or that float32 may have merged, where they can be read. */
export function requireIdentifiers(where: string, name: string, labels: Tensor): void {
  const values = readAtOnce(labels);
  if (!values) return;
  const bad = Array.prototype.find.call(values, (label: number) => !Number.isInteger(label));
  requireThat(bad === undefined, where, () => `${name} must be whole numbers, got ${describe(bad)}`);
  if (labels.dtype !== 'float32') return;
  const large = Array.prototype.find.call(values, (label: number) => Math.abs(label) >= LARGEST_FLOAT);
  requireThat(
    large === undefined,
    where,
    () =>
      `${name} must be below 2^24 in a float32 tensor, which cannot tell larger ones apart, got ${large}; make the tensor int32, or pass an array`,
  );
}

/** Refuses numbers outside of [0, 1], where they can be read. */
export function requireShares(where: string, name: string, shares: Tensor): void {
  const values = readAtOnce(shares);
  if (!values) return;
  const bad = Array.prototype.findIndex.call(values, (share: number) => !(share >= 0 && share <= 1));
  requireThat(bad < 0, where, () => `${name} must lie in [0, 1], got ${describe(values[bad])} at position ${bad}`);
}

function describe(value: unknown): string {
  return typeof value === 'string' ? `the text '${value}'` : String(value);
}
