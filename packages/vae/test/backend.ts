import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-layers';
import { useDevice } from '@crossmodal/core';
import * as tf from '@tensorflow/tfjs-core';

/** The reference backend of TensorFlow.js: slow, exact, no compilation. For formulas. */
export async function usePlainBackend(): Promise<void> {
  await tf.setBackend('cpu');
  await tf.ready();
}

/** The device that training runs on by default, with compiled steps. */
export async function useTrainingDevice(): Promise<void> {
  await useDevice('cpu');
}
