import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';

export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** All rows equal. */
export const equalRows = (rows: number): Tensor2D => tf.tile(tf.tensor2d([[1, -2, 0.5]]), [rows, 1]);
/** Rows at right angles. */
export const orthonormal = (rows: number): Tensor2D => tf.eye(rows);
export const noise = (rows: number, width: number, seed: number): Tensor2D =>
  tf.randomNormal([rows, width], 0, 1, 'float32', seed) as Tensor2D;

/** What is claimed, how it is computed, and what it must be. */
export type Form = [name: string, actual: () => Tensor, expected: number, tolerance?: number];

export function describeForms(family: string, forms: Form[]): void {
  describe(family, () => {
    it.each(forms)('%s', (_name, actual, expected, tolerance) => {
      tf.tidy(() => {
        expect(actual()).toBeAllclose(expected, { rtol: 1e-5, atol: tolerance ?? 3e-6 });
      });
    });
  });
}
