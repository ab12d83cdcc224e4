import type { Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { EXCLUDED } from './masks.js';

/**
 * The states that an alignment of labels walks through: start, blank, label 1, blank, ..., label n, blank, end; `states` is
 * 2 * length + 3. Start and end stand before the first and behind the last frame and have no class. The logarithms are 0 where
 * something is allowed, and EXCLUDED where not.
 */
export interface CtcPaths {
  /** One at the class of each state, [batch, states, classes]. */
  classOfState: Tensor3D;
  /** Which states a frame can be in, logarithm, [batch, states]. */
  allowed: Tensor2D;
  /** Which states may be entered from two states before, logarithm, [batch, states]. */
  skipForward: Tensor2D;
  /** Which states may be left to two states behind, logarithm, [batch, states]. */
  skipBackward: Tensor2D;
  /** The start, logarithm, [batch, states]. */
  start: Tensor2D;
  /** The end, logarithm, [batch, states]. */
  end: Tensor2D;
  /** The states that a last frame can be in, logarithm, [batch, states]. */
  last: Tensor2D;
  /** Rows whose labels are all classes and none the blank, [batch]. */
  proper: Tensor1D;
}

/** The paths of labels [batch, length] of which the first `labelLengths` [batch] are real. */
export function ctcPaths(
  labels: Tensor2D,
  labelLengths: Tensor1D,
  { classes, blank }: { classes: number; blank: number },
): CtcPaths {
  const [batch, length] = labels.shape;
  const states = 2 * length + 3;
  const place = tf.range(0, states, 1, 'int32') as Tensor1D;
  const endPlace = tf.expandDims(tf.add(tf.mul(labelLengths, 2), 2), 1) as Tensor2D; // [batch, 1]
  const none = tf.fill([batch, 1], -1, 'int32');
  const blanks = tf.fill([batch, length], blank, 'int32');
  const alternating = tf.reshape(tf.stack([blanks, labels], 2), [batch, 2 * length]);
  const classNumbers = tf.concat([none, alternating, tf.fill([batch, 1], blank, 'int32'), none], 1);
  const inside = tf.logicalAnd(tf.greater(place, 0), tf.less(place, endPlace));
  const isLabel = tf.logicalAnd(inside, tf.equal(tf.mod(place, 2), 0));
  const before = tf.concat([none, none, tf.slice(classNumbers, [0, 0], [batch, states - 2])], 1);
  const behind = tf.concat([tf.slice(classNumbers, [0, 2], [batch, states - 2]), none, none], 1);
  const isLast = tf.equal(place, tf.sub(endPlace, 2));
  // Between equal labels there must be a blank; the last label may be left to the end whatever stands in the padding.
  const canEnter = tf.logicalAnd(isLabel, tf.notEqual(classNumbers, before));
  const canLeave = tf.logicalAnd(isLabel, tf.logicalOr(isLast, tf.notEqual(classNumbers, behind)));
  const isSymbol = (x: tf.Tensor) =>
    tf.logicalAnd(tf.logicalAnd(tf.greaterEqual(x, 0), tf.less(x, classes)), tf.notEqual(x, blank));
  const column = tf.range(0, classes, 1, 'int32');
  return {
    classOfState: tf.cast(tf.equal(tf.expandDims(classNumbers, 2), column), 'float32') as Tensor3D,
    allowed: logarithm(inside),
    skipForward: logarithm(canEnter),
    skipBackward: logarithm(canLeave),
    start: logarithm(tf.logicalAnd(tf.equal(place, 0), tf.greater(endPlace, 0))),
    end: logarithm(tf.equal(place, endPlace)),
    proper: tf.logicalNot(tf.any(tf.logicalAnd(isLabel, tf.logicalNot(isSymbol(classNumbers))), 1)) as Tensor1D,
    last: logarithm(tf.logicalOr(tf.equal(place, tf.sub(endPlace, 1)), isLast)),
  };
}

/** 0 where the condition holds, EXCLUDED elsewhere. */
function logarithm(condition: tf.Tensor): Tensor2D {
  return tf.mul(tf.sub(1, tf.cast(condition, 'float32')), EXCLUDED) as Tensor2D;
}
