import type { DeviceDriver } from './device.js';
import { loadPackage, packageVersion } from './load-package.js';

function driver(name: 'wasm' | 'js', backend: string, packageName: string, nature: string): DeviceDriver {
  return {
    name,
    backend,
    remedy: `Install it beside this package (\`npm install ${packageName}@4.22.0\`), or choose another device.`,
    ...(name === 'wasm' ? { takesThreads: true } : {}),
    async load({ threads }) {
      const loaded = loadPackage(packageName) as { setThreadsCount?(count: number): void };
      if (threads !== undefined) loaded.setThreadsCount?.(threads);
      return { describe: () => `${packageName} ${packageVersion(packageName)}, ${nature}` };
    },
  };
}

/** TensorFlow.js's WebAssembly backend: trains neither convolutions (no filter gradient) nor embeddings (no segment sum). */
export const wasm = driver('wasm', 'wasm', '@tensorflow/tfjs-backend-wasm', 'WebAssembly');

/** TensorFlow.js's plain JavaScript backend: complete and very slow. */
export const js = driver('js', 'cpu', '@tensorflow/tfjs-backend-cpu', 'plain JavaScript');
