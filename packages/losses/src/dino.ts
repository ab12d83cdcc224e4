import { assertKnownOptions, stopGradient } from '@crossmodal/core';
import type { Scalar, Tensor1D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { EXCLUDED } from './internal/masks.js';
import { requireFloat, requireNumber, requireThat, shapeOf } from './internal/validate.js';

export interface DinoOptions {
  /** [classes]: a moving average of the teacher's outputs, subtracted from them. */
  center?: Tensor1D;
  /** @default 0.04 */
  teacherTemperature?: number;
  /** @default 0.1 */
  studentTemperature?: number;
}

/**
 * DINO's self-distillation: the student's distribution on one view matches the teacher's on another.
 *
 * T = softmax((teacher - center) / tau_t), S = log softmax(student / tau_s). L = mean over pairs of different views t != s and over
 * the batch of -sum_d T_td S_sd. View i of the teacher is view i of the student; the student may have more (local crops).
 * The teacher gets no gradient.
 *
 * @param teacher [teacher views, batch, classes], float32
 * @param student [student views, batch, classes], float32
 * @throws CrossmodalError when shapes or options do not fit, or there is no pair of different views
 * @see Caron et al., 2021, Emerging Properties in Self-Supervised Vision Transformers, eq. 3 and algorithm 1
 * @example
 * const loss = dinoLoss(teacherViews, studentViews, { center });
 */
export function dinoLoss(
  teacher: Tensor3D,
  student: Tensor3D,
  {
    center,
    teacherTemperature = 0.04, // the paper
    studentTemperature = 0.1, // the paper
    ...others
  }: DinoOptions = {},
): Scalar {
  assertKnownOptions('dinoLoss', others, ['center', 'teacherTemperature', 'studentTemperature']);

  requireFloat('dinoLoss', 'teacher', teacher);
  requireFloat('dinoLoss', 'student', student);
  requireThat(
    teacher.rank === 3 &&
      student.rank === 3 &&
      teacher.shape[1] === student.shape[1] &&
      teacher.shape[2] === student.shape[2],
    'dinoLoss',
    () =>
      `teacher and student must be [views, batch, classes] with equal batch and classes, got ${shapeOf(teacher)} and ${shapeOf(student)}`,
  );
  const [teacherViews, studentViews] = [teacher.shape[0], student.shape[0]];
  const pairs = teacherViews * studentViews - Math.min(teacherViews, studentViews);
  requireThat(
    pairs > 0,
    'dinoLoss',
    () => `at least one pair of different views is needed, got ${shapeOf(teacher)} and ${shapeOf(student)}`,
  );
  requireNumber('dinoLoss', 'teacherTemperature', teacherTemperature, { minimum: 0, open: true });
  requireNumber('dinoLoss', 'studentTemperature', studentTemperature, { minimum: 0, open: true });
  return tf.tidy(() => {
    const centred = center ? tf.sub(teacher, center) : teacher;
    const targets = stopGradient(tf.softmax(tf.div(centred, teacherTemperature)));
    // A class that the student excludes costs nothing where the teacher excludes it too: 0 times a large number, not 0 times infinity.
    const logs = tf.maximum(tf.logSoftmax(tf.div(student, studentTemperature)), EXCLUDED);
    // sum over all pairs of views minus the pairs of equal views
    const all = tf.sum(tf.mul(tf.sum(targets, 0), tf.sum(logs, 0)));
    const both = Math.min(teacherViews, studentViews);
    const first = (x: Tensor3D) => tf.slice(x, [0, 0, 0], [both, -1, -1]);
    const equal = tf.sum(tf.mul(first(targets as Tensor3D), first(logs as Tensor3D)));
    return tf.div(tf.neg(tf.sub(all, equal)), pairs * teacher.shape[1]) as Scalar;
  });
}
