import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import type { Device } from '../../src/device/index.js';

const run = promisify(execFile);
const require = createRequire(import.meta.url);
const script = fileURLToPath(new URL('try-device.ts', import.meta.url));

interface Outcome {
  device: Device;
  current: string;
  learned: number;
  inUse?: number;
  known: boolean;
  message: string;
  names: string[];
}

async function tryDevice(args: string[], env: Record<string, string> = {}): Promise<Outcome> {
  const { stdout } = await run(
    process.execPath,
    ['--conditions=@crossmodal/source', '--import', 'tsx', script, ...args],
    {
      env: { ...process.env, CROSSMODAL_DEVICE: '', ...env },
      timeout: 100_000,
    },
  );
  return JSON.parse(stdout.slice(stdout.indexOf('{'))) as Outcome;
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder for NODE_PATH with a module of the shape of TensorFlow's addon, computing on the plain JavaScript kernels. */
function stubAddon(packageName: string, { gpu }: { gpu: boolean }): string {
  const folder = mkdtempSync(join(tmpdir(), 'crossmodal-addon-'));
  folders.push(folder);
  const home = join(folder, packageName);
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'package.json'), JSON.stringify({ name: packageName, version: '4.22.0', main: 'index.js' }));
  writeFileSync(
    join(home, 'index.js'),
    `const util = require('node:util');
     const tf = require(${JSON.stringify(require.resolve('@tensorflow/tfjs-core'))});
     const { MathBackendCPU } = require(${JSON.stringify(require.resolve('@tensorflow/tfjs-backend-cpu'))});
     if (util.isNullOrUndefined(0) || !util.isNullOrUndefined(null) || !util.isArray([])) throw new Error('util is broken');
     class Addon extends MathBackendCPU {
       isUsingGpuDevice = ${gpu};
       binding = { TF_Version: '2.9.1' };
     }
     tf.copyRegisteredKernels('cpu', 'tensorflow');
     tf.registerBackend('tensorflow', () => new Addon(), 3);
     exports.version = { 'tfjs-node': '4.22.0' };
     exports.findBackend = tf.findBackend;`,
  );
  return folder;
}

describe('useDevice', () => {
  test('cpu, the embedded default, computes and differentiates', async () => {
    const { device, current, learned } = await tryDevice(['cpu']);
    expect(device).toMatchObject({ name: 'cpu', backend: 'onnx', reason: 'demanded', compiles: true });
    expect(current).toBe('onnx');
    expect(learned).toBeCloseTo(3, 2);
  });

  test('auto says why it passed the better devices over', async () => {
    const { device, learned } = await tryDevice(['auto']);
    expect(learned).toBeCloseTo(3, 2);
    expect(device.reason).toBe('the best device that works here');
    for (const { why } of device.passedOver) expect(why).toMatch(/\S/);
    const order = [...device.passedOver.map((entry) => entry.name), device.name];
    expect(order).toEqual(['cuda', 'webgpu', 'cpu'].slice(0, order.length));
  });

  test('CROSSMODAL_DEVICE overrides auto, and only auto', async () => {
    const overridden = await tryDevice(['auto'], { CROSSMODAL_DEVICE: 'js' });
    expect(overridden.device).toMatchObject({ name: 'js', reason: 'demanded by CROSSMODAL_DEVICE', compiles: false });
    const demanded = await tryDevice(['js'], { CROSSMODAL_DEVICE: 'cpu' });
    expect(demanded.device).toMatchObject({ name: 'js', reason: 'demanded' });
  });

  test('threads are those that compute', async () => {
    const { learned, inUse } = await tryDevice(['cpu', '', '1']);
    expect(learned).toBeCloseTo(3, 2);
    expect(inUse).toBe(1);
    expect((await tryDevice(['auto', '', '3'], { CROSSMODAL_DEVICE: 'cpu' })).inUse).toBe(3);
    expect((await tryDevice(['js', '', '2'])).message).toBe(
      "useDevice: the number of threads of 'js' cannot be set; leave threads out, or choose one of cpu, wasm",
    );
    expect((await tryDevice(['cpu', '', '1.5'])).message).toBe(
      'useDevice: threads must be an integer of at least 1, got 1.5',
    );
  });

  test('an unknown name lists the known ones', async () => {
    const { known, message, names } = await tryDevice(['gpu0']);
    expect(known).toBe(true);
    expect(message).toContain("unknown device 'gpu0'");
    for (const name of names) expect(message).toContain(name);
  });

  test.each([
    ['cuda', '@tensorflow/tfjs-node-gpu'],
    ['webgpu', 'webgpu'],
    ['tensorflow', '@tensorflow/tfjs-node'],
  ])('%s without its package fails with the remedy', async (name, packageName) => {
    const { known, message } = await tryDevice([name], { NODE_PATH: '' });
    expect(known).toBe(true);
    expect(message).toContain(`${packageName} is not installed`);
    expect(message).toContain(`npm install ${packageName}`);
  });

  test('tensorflow takes an addon of the known shape, on a Node without the removed utilities too', async () => {
    const folder = stubAddon('@tensorflow/tfjs-node', { gpu: false });
    const { device, learned } = await tryDevice(['tensorflow', 'as on Node 23'], { NODE_PATH: folder });
    expect(device).toMatchObject({ name: 'tensorflow', backend: 'tensorflow', compiles: false });
    expect(device.description).toBe('@tensorflow/tfjs-node 4.22.0, libtensorflow 2.9.1, CPU');
    expect(learned).toBeCloseTo(3, 2);
  });

  test('cuda takes the addon only when it sees a CUDA device; auto then prefers it', async () => {
    const blind = await tryDevice(['cuda'], { NODE_PATH: stubAddon('@tensorflow/tfjs-node-gpu', { gpu: false }) });
    expect(blind.message).toContain('found no CUDA device');
    const seeing = await tryDevice(['auto'], { NODE_PATH: stubAddon('@tensorflow/tfjs-node-gpu', { gpu: true }) });
    expect(seeing.device).toMatchObject({ name: 'cuda', description: expect.stringContaining('CUDA') });
  });

  test('a package that is there but broken is reported as such', async () => {
    const folder = stubAddon('@tensorflow/tfjs-node', { gpu: false });
    writeFileSync(join(folder, '@tensorflow/tfjs-node/index.js'), "throw new Error('wrong ELF class');");
    const { message } = await tryDevice(['tensorflow'], { NODE_PATH: folder });
    expect(message).toContain('is installed but does not load: wrong ELF class');
  });
});
