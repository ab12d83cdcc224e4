import type { DeviceDriver } from './device.js';
import { packageVersion } from './load-package.js';

/** The embedded default: steps compiled to ONNX graphs on ONNX Runtime's CPU provider. */
export const cpu: DeviceDriver = {
  name: 'cpu',
  backend: 'onnx',
  remedy:
    'Reinstall `@crossmodal/tfjs-backend-onnx` and its dependency `onnxruntime-node` (npm ships the library inside the package; no install script is needed).',
  async load() {
    const { registerOnnxBackend } = await import('@crossmodal/tfjs-backend-onnx');
    registerOnnxBackend();
    const version = packageVersion('onnxruntime-node', { of: '@crossmodal/tfjs-backend-onnx' });
    return { describe: () => `tfjs-backend-onnx on onnxruntime-node ${version}, CPU` };
  },
};
