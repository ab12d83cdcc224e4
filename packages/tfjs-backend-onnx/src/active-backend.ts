import { backend as activeBackend, getBackend } from '@tensorflow/tfjs-core';
import { RecordingBackend } from './recording-backend.js';

/** @throws when another backend than this package's is active. */
export function activeRecordingBackend(caller: string): RecordingBackend {
  const backend = activeBackend();
  if (backend instanceof RecordingBackend) return backend;
  throw new Error(
    `${caller}: backend 'onnx' must be active, the active backend is '${getBackend()}'; call registerOnnxBackend() and await tf.setBackend('onnx')`,
  );
}
