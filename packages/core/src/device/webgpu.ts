import type { DeviceDriver } from './device.js';
import { loadPackage, packageVersion } from './load-package.js';

interface AdapterInfo {
  vendor: string;
  architecture: string;
  description: string;
  isFallbackAdapter?: boolean;
}

interface Dawn {
  create(options: string[]): { requestAdapter(options?: object): Promise<{ info: AdapterInfo } | null> };
  globals: Record<string, unknown>;
}

/** Browser classes that the WebGPU backend of TensorFlow.js names in `instanceof` tests; none of them exists in Node. */
const browserClasses = ['HTMLCanvasElement', 'HTMLImageElement', 'HTMLVideoElement', 'ImageBitmap', 'ImageData'];

/** Where the WebGPU backend of TensorFlow.js would draw numbers to read them at once; Dawn has no canvas. */
class NoCanvas {
  getContext(): never {
    throw new Error(
      'device webgpu: numbers must be read asynchronously in Node, got dataSync() or arraySync(); use await tensor.data() or await tensor.array(), or choose another device',
    );
  }
}

const softwareAdapter = /swiftshader|llvmpipe|lavapipe|softpipe|basic render/i;

function isSoftware(info: AdapterInfo): boolean {
  return info.isFallbackAdapter === true || softwareAdapter.test(`${info.architecture} ${info.description}`);
}

/** Dawn keeps its device only while this object lives. */
let instance: ReturnType<Dawn['create']> | undefined;

function installBrowserGlobals(dawn: Dawn): NonNullable<typeof instance> {
  if (instance) return instance;
  instance = dawn.create([]);
  Object.assign(globalThis, dawn.globals);
  const globals = globalThis as unknown as Record<string, unknown>;
  globals['OffscreenCanvas'] ??= NoCanvas;
  for (const name of browserClasses) globals[name] ??= class {};
  const navigator = (globals['navigator'] as object | undefined) ?? {};
  Object.defineProperty(navigator, 'gpu', { value: instance, configurable: true });
  if (globals['navigator'] === undefined) {
    Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
  }
  return instance;
}

/** Any GPU with Vulkan, Metal or Direct3D 12: the WebGPU backend of TensorFlow.js on Dawn. */
export const webgpu: DeviceDriver = {
  name: 'webgpu',
  backend: 'webgpu',
  remedy:
    'Install both packages beside this one (`npm install webgpu @tensorflow/tfjs-backend-webgpu@4.22.0`) on a machine with a GPU and its Vulkan, Metal or Direct3D 12 driver, or choose another device.',
  async load({ automatic }) {
    const dawn = loadPackage('webgpu') as Dawn;
    const gpu = installBrowserGlobals(dawn);
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
    if (!adapter) throw new Error('Dawn found no graphics adapter');
    const { info } = adapter;
    const label = info.description || `${info.vendor} ${info.architecture}`.trim();
    if (automatic && isSoftware(info))
      throw new Error(`only a software adapter (${label}), slower than the CPU device`);
    loadPackage('@tensorflow/tfjs-backend-webgpu');
    return {
      describe: () =>
        `tfjs-backend-webgpu ${packageVersion('@tensorflow/tfjs-backend-webgpu')} on Dawn, ${label}` +
        (isSoftware(info) ? ' (software adapter)' : ''),
    };
  },
};
