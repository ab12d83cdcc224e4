import util from 'node:util';
import type { DeviceDriver } from './device.js';
import { loadPackage } from './load-package.js';

/** What `cuda` and `tensorflow` read of `@tensorflow/tfjs-node` and `@tensorflow/tfjs-node-gpu`. */
interface TensorFlowAddon {
  version: Record<string, string>;
  backend(): { isUsingGpuDevice?: boolean; binding?: { TF_Version?: string } };
  findBackend(name: string): unknown;
}

/**
 * The addon's JavaScript calls two functions that Node removed in version 23.
 * They are put back under their old names, in terms of what replaced them, before it is loaded.
 */
function restoreRemovedUtilities(): void {
  const target = util as unknown as Record<string, unknown>;
  target['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined;
  target['isArray'] ??= Array.isArray;
}

function driver(name: 'cuda' | 'tensorflow', packageName: string): DeviceDriver {
  return {
    name,
    backend: 'tensorflow',
    remedy:
      name === 'cuda'
        ? `Install it beside this package (\`npm install ${packageName}@4.22.0\`) on a machine with an NVIDIA GPU, CUDA 11.8 and cuDNN 8.6, or choose another device.`
        : `Install it beside this package (\`npm install ${packageName}@4.22.0\`; its install script downloads libtensorflow), or choose another device.`,
    async load() {
      restoreRemovedUtilities();
      const addon = loadPackage(packageName) as TensorFlowAddon;
      const backend = addon.findBackend('tensorflow') as ReturnType<TensorFlowAddon['backend']> | null;
      if (!backend) throw new Error(`${packageName} is installed but registered no backend`);
      if (name === 'cuda' && backend.isUsingGpuDevice !== true) {
        throw new Error(`${packageName} found no CUDA device and would compute on the CPU`);
      }
      const library = backend.binding?.TF_Version;
      return {
        describe: () =>
          `${packageName} ${addon.version['tfjs-node'] ?? addon.version['tfjs'] ?? ''}`.trim() +
          (library ? `, libtensorflow ${library}` : '') +
          (name === 'cuda' ? ', CUDA' : ', CPU'),
      };
    },
  };
}

/** NVIDIA GPUs through libtensorflow. The same code as `tensorflow`, on the addon that is linked against CUDA. */
export const cuda = driver('cuda', '@tensorflow/tfjs-node-gpu');

/** The CPU through libtensorflow. */
export const tensorflow = driver('tensorflow', '@tensorflow/tfjs-node');
