import * as tf from '@tensorflow/tfjs-core';

const registered = new Set<string>();

/** Makes a layer class known to TensorFlow.js, once, so that models that contain it can be loaded. */
export function registerLayer<T extends tf.serialization.Serializable>(
  type: tf.serialization.SerializableConstructor<T>,
): void {
  if (registered.has(type.className)) return;
  registered.add(type.className);
  tf.serialization.registerClass(type);
}
