import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { emit } from '../src/emit/emit.js';
import { inputValue } from '../src/ir/graph.js';
import { add, scalar } from '../src/ir/ops.js';
import { loadOrt } from '../src/run/binding.js';

const require = createRequire(import.meta.url);

/** What this package takes for granted about the inside of onnxruntime-node. A new version must pass before it is pinned. */
describe('the addon of onnxruntime-node', () => {
  it('is the pinned version', () => {
    const main = require.resolve('onnxruntime-node');
    const manifest = JSON.parse(readFileSync(main.replace(/dist.*$/, 'package.json'), 'utf8')) as { version: string };
    expect(manifest.version).toBe('1.30.0');
    const workspace = readFileSync(new URL('../../../pnpm-workspace.yaml', import.meta.url), 'utf8');
    expect(workspace).toMatch(/^ {2}onnxruntime-node: 1\.30\.0$/m);
    expect(workspace).toMatch(/^ {2}onnxruntime-common: 1\.30\.0$/m);
  });

  const x = inputValue({ kind: 'input' }, [3], 'float32');
  const { bytes } = emit({ outputs: [add(x, scalar(1))] });
  const load = () => {
    const { createSession, Tensor } = loadOrt();
    const session = createSession!();
    session.loadModel(bytes.buffer, bytes.byteOffset, bytes.byteLength, {});
    return { session, tensor: (numbers: number[]) => new Tensor('float32', Float32Array.from(numbers), [3]) };
  };

  it('has sessions that compute at once', () => {
    const { session, tensor } = load();
    const result = session.run({ i0: tensor([1, 2, 3]) }, outputName(null), {});
    expect(result).not.toBeInstanceOf(Promise);
    expect(Array.from(Object.values(result)[0]!.data as Float32Array)).toEqual([2, 3, 4]);
    session.dispose();
  });

  it('writes into the memory that it is given, and reads what is in the input at the time of the run', () => {
    const { session, tensor } = load();
    const [input, output] = [tensor([0, 0, 0]), tensor([0, 0, 0])];
    for (const value of [5, 6]) {
      (input.data as Float32Array).fill(value);
      session.run({ i0: input }, outputName(output), {});
      expect(Array.from(output.data as Float32Array)).toEqual([value + 1, value + 1, value + 1]);
    }
    session.dispose();
  });

  it('throws at once: for a graph it cannot load and for inputs of another shape', () => {
    const { session } = load();
    const { createSession, Tensor } = loadOrt();
    expect(() => session.run({ i0: new Tensor('float32', new Float32Array(2), [2]) }, outputName(null), {})).toThrow();
    session.dispose();
    expect(() => createSession!().loadModel(new Uint8Array([1, 2, 3]).buffer, 0, 3, {})).toThrow();
  });

  it('copies results in the order of the outputs, and not at all behind one whose type JavaScript does not have', () => {
    const { createSession, Tensor } = loadOrt();
    const { bytes, outputs, stop } = emit({ outputs: [add(x, scalar(1))] }, { stop: true });
    const session = createSession!();
    session.loadModel(bytes.buffer, bytes.byteOffset, bytes.byteLength, {});
    const input = new Tensor('float32', Float32Array.of(1, 2, 3), [3]);
    const output = new Tensor('float32', new Float32Array(3), [3]);
    expect(() => session.run({ i0: input }, { [outputs[0]!]: output, [stop!]: null as never }, {})).toThrow(
      'Tensor type (16) is not supported',
    );
    expect(Array.from(output.data as Float32Array)).toEqual([2, 3, 4]);
    session.dispose();
  });

  function outputName<T>(value: T): Record<string, T> {
    return { [emit({ outputs: [add(x, scalar(1))] }).outputs[0]!]: value };
  }
});
