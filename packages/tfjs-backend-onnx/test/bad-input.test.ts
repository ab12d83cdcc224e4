import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectNoLeak } from '@crossmodal/testkit';
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compile, exportOnnx, hostInput, registerOnnxBackend } from '../src/index.js';
import { inputValue, setOrigin } from '../src/ir/graph.js';
import { apply } from '../src/ir/ops.js';
import { runError } from '../src/run/explain.js';
import { graphKey } from '../src/run/key.js';
import { makePlan } from '../src/run/plan.js';

beforeAll(async () => {
  registerOnnxBackend({ threads: 2, hostThreshold: 32 });
  await tf.setBackend('onnx');
});
beforeEach(() => tf.engine().startScope());
afterEach(() => {
  tf.engine().endScope();
  tf.disposeVariables();
});

const ramp = (length: number) => tf.add(tf.range(0, length), 0);

describe('bad input', () => {
  it('unsupported types: named, with what was given', () => {
    expect(() => tf.tensor(new Float32Array(2), [2], 'float16' as 'float32')).toThrow('float16');
    expect(() => tf.backend().write(new Float32Array(2), [2], 'float16' as 'float32')).toThrow(
      /dtype must be float32, int32, bool, complex64 or string, got float16/,
    );
    expect(() => hostInput([2], 'float64' as 'float32', () => undefined)).toThrow(/hostInput: dtype.*got float64/);
    const f = compile((x: tf.Tensor) => tf.clone(x));
    const text = tf.tensor1d(['a', 'b']);
    f(text);
    expect(() => f(text)).toThrow(/compile: arguments must be float32, int32 or bool, got string\[2\]/);
    f.dispose();
    expect(() => tf.cast(ramp(3), 'int64' as 'int32')).toThrow(/unknown dtype int64/);
    expect(() => tf.tensor(new Float64Array(2) as never)).toThrow(/must be a number/);
  });

  it('complex numbers: inside of compiled functions only, which is said', () => {
    const [re, im] = [ramp(40), ramp(40)];
    const whole = compile((a: tf.Tensor, b: tf.Tensor) => tf.fft(tf.complex(a, b)));
    whole(re, im);
    expect(() => whole(re, im)).toThrow(
      /compile: tensors.*must be float32, int32 or bool, got complex64\[40\]; return tf.real/,
    );
    const taking = compile((z: tf.Tensor) => tf.real(z));
    const z = tf.complex(re, im);
    taking(z);
    expect(() => taking(z)).toThrow(/compile: arguments must be float32, int32 or bool, got complex64\[40\]/);
    const parts = compile((a: tf.Tensor, b: tf.Tensor) => {
      const y = tf.mul(tf.fft(tf.complex(a, b)), z);
      return [tf.real(y), tf.imag(y)];
    });
    const [first, , third] = Array.from({ length: 3 }, () => parts(re, im).map((x) => x.dataSync()));
    third!.forEach((numbers, i) => {
      expect(numbers).toBeAllclose(first![i]!, { rtol: 1e-4, atol: 1e-2 });
    });
    expect(() => exportOnnx((a: tf.Tensor) => tf.complex(a, a), [re])).toThrow(/complex64/);
    for (const f of [whole, taking, parts]) f.dispose();
  });

  it('unknown kernels: named, with the backend', () => {
    expect(() => tf.engine().runKernel('NoSuchKernel', { x: ramp(3) })).toThrow(
      /Kernel 'NoSuchKernel' not registered for backend 'onnx'/,
    );
  });

  it('too little memory: kernel, shape and size are named, and what else was recorded is computed', async () => {
    await expectNoLeak(() =>
      tf.tidy(() => {
        const side = ramp(2_000_000);
        const good = tf.sqrt(ramp(100));
        const huge = tf.sum(tf.sqrt(tf.add(tf.reshape(side, [-1, 1]), side)));
        expect(() => huge.dataSync()).toThrow(
          /in kernel Add with result \[2000000,2000000\]: it takes 16000000000000 bytes.*smaller batches/,
        );
        // Asked again, it fails again.
        expect(() => huge.dataSync()).toThrow(/kernel Add/);
        expect(good.dataSync()[99]).toBeCloseTo(Math.sqrt(99), 5);
      }),
    );
    // What ONNX Runtime itself says when memory ends is put the same way.
    const failed = runError(new Error("running Add node. Name:'n1_Add' Failed to allocate memory"), [
      { kernel: 'Sqrt', operator: 'Sqrt', shape: '3' },
      { kernel: 'Sum', operator: 'Add', shape: '3x4' },
    ]);
    expect(failed.message).toMatch(/in kernel Sum with result \[3,4\].*Failed to allocate memory.*smaller batches/);
    const f = compile((x: tf.Tensor) => tf.sum(tf.sqrt(tf.add(tf.reshape(x, [-1, 1]), x))));
    const weight = tf.variable(tf.scalar(1));
    const g = compile((x: tf.Tensor) => {
      weight.assign(tf.add(weight, 1));
      return f(x);
    });
    const [small, large] = [ramp(3), ramp(2_000_000)];
    for (let i = 0; i < 3; i++) expect(g(small).dataSync()[0]).toBeCloseTo(11.7067, 3);
    g(large); // the call that runs plainly: nobody reads the result
    expect(() => g(large)).toThrow(/in kernel Add/);
    // A failed step changes no variable, and the next one works.
    expect(weight.dataSync()[0]).toBe(5);
    expect(g(small).dataSync()[0]).toBeCloseTo(11.7067, 3);
    expect(weight.dataSync()[0]).toBe(6);
  });

  it('a graph that ONNX Runtime refuses: kernel and shapes are named, the graph is written where TFJS_ONNX_DUMP says', () => {
    const x = inputValue({ kind: 'input' }, [2, 3], 'float32');
    setOrigin('MyKernel');
    const outputs = [apply('NoSuchOperator', [x], [2, 3], 'float32')];
    setOrigin('');
    const build = () => makePlan(outputs, graphKey(outputs), { threads: 1, exact: false });
    expect(build).toThrow(/could not build the graph.*MyKernel.*set TFJS_ONNX_DUMP to a folder/s);
    setOrigin('BatchMatMul');
    const wrong = apply('MatMul', [x, x], [2, 3], 'float32');
    setOrigin('');
    const folder = join(mkdtempSync(join(tmpdir(), 'tfjs-onnx-dump-')), 'made');
    process.env['TFJS_ONNX_DUMP'] = folder;
    try {
      const make = () => makePlan([wrong], graphKey([wrong]), { threads: 1, exact: false });
      expect(make).toThrow(/in kernel BatchMatMul on float32\[2,3\], float32\[2,3\].*written to .*failed-\w+\.onnx/s);
      expect(readdirSync(folder)).toHaveLength(1);
    } finally {
      delete process.env['TFJS_ONNX_DUMP'];
      rmSync(folder, { recursive: true });
    }
    expect(existsSync(folder)).toBe(false);
  });

  it('use after dispose: said plainly', async () => {
    const x = ramp(100);
    x.dispose();
    expect(() => tf.sqrt(x)).toThrow(/used after it was disposed/);
    expect(() => x.dataSync()).toThrow(/disposed/);
    const f = compile((v: tf.Tensor) => tf.sqrt(v));
    const kept = ramp(50);
    for (let i = 0; i < 3; i++) f(kept);
    expect(() => f(x)).toThrow(/disposed/);
    expect(f(kept).dataSync()[49]).toBe(7);
    f.dispose();
    f.dispose();
    expect(() => f(kept)).toThrow(/compile: .* was disposed/);
  });

  it('use after dispose, in compiled functions: variables are asked for, what was captured stays', () => {
    const captured = tf.tensor1d([1, 2, 3]);
    const weight = tf.variable(tf.tensor1d([1, 1, 1]));
    const x = ramp(3);
    const reading = compile((v: tf.Tensor) => tf.add(tf.mul(v, captured), weight));
    const assigning = compile((v: tf.Tensor) => {
      weight.assign(tf.add(weight, v) as tf.Tensor1D);
      return tf.sum(weight);
    });
    for (let i = 0; i < 3; i++) {
      reading(x);
      assigning(x);
    }
    captured.dispose();
    expect(Array.from(reading(x).dataSync())).toEqual([1, 6, 13]);
    weight.dispose();
    for (const f of [reading, assigning])
      for (let i = 0; i < 2; i++)
        expect(() => f(x)).toThrow(/compile: variable .* was disposed, the compiled function still uses it/);
    expect(() => exportOnnx((v: tf.Tensor) => tf.add(v, weight), [x])).toThrow(/used after it was disposed/);
    for (const f of [reading, assigning]) f.dispose();
  });

  it('a tensor of another backend that cannot be read at once: its own error, and all goes on', async () => {
    class Mute extends MathBackendCPU {
      override readSync(): never {
        throw new Error('mute: read with await tensor.data()');
      }
      override async read(dataId: tf.DataId) {
        return super.readSync(dataId);
      }
    }
    tf.copyRegisteredKernels('cpu', 'mute');
    tf.registerBackend('mute', () => new Mute());
    await tf.setBackend('mute');
    const foreign = tf.add(tf.tensor1d([1, 4, 9]), 0);
    await tf.setBackend('onnx');
    const own = ramp(3);
    const f = compile((a: tf.Tensor, b: tf.Tensor) => tf.add(tf.sqrt(a), b));
    for (let i = 0; i < 3; i++) f(own, own);
    expect(() => tf.sqrt(foreign)).toThrow('mute: read with await');
    expect(() => f(foreign, own)).toThrow('mute: read with await');
    expect(Array.from(f(own, own).dataSync())).toEqual([0, 2, expect.closeTo(2 + Math.SQRT2, 5)]);
    expect(Array.from(await foreign.data())).toEqual([1, 4, 9]);
    f.dispose();
    foreign.dispose();
    tf.removeBackend('mute');
  });

  it('tensors of another backend are taken over: plainly, as arguments, captured, as variables', async () => {
    await tf.setBackend('cpu');
    const [x, captured] = [tf.tensor1d([1, 4, 9, 16]), tf.tensor1d([1, 2, 3, 4])];
    const weight = tf.variable(tf.tensor1d([1, 1, 1, 1]));
    const squares = tf.square(x);
    await tf.setBackend('onnx');
    expect(Array.from(tf.sqrt(squares).dataSync())).toEqual([1, 4, 9, 16]);
    const f = compile((v: tf.Tensor) => {
      weight.assign(tf.add(weight, 1) as tf.Tensor1D);
      return tf.mul(tf.add(tf.sqrt(v), captured), weight);
    });
    for (let i = 2; i < 6; i++) {
      await tf.setBackend('cpu');
      const foreign = tf.add(x, 0);
      await tf.setBackend('onnx');
      expect(Array.from(f(foreign).dataSync())).toEqual([2 * i, 4 * i, 6 * i, 8 * i]);
    }
    // And back.
    await tf.setBackend('cpu');
    expect(Array.from(tf.add(weight, 0).dataSync())).toEqual([5, 5, 5, 5]);
    await tf.setBackend('onnx');
    expect(Array.from(f(x).dataSync())).toEqual([12, 24, 36, 48]);
  });

  it('compile: what is no function is refused at once, another backend by its name', async () => {
    expect(() => compile(3 as never)).toThrow(/compile: fn must be a function of tensors, got 3;/);
    expect(() => compile(undefined as never)).toThrow(/got undefined/);
    const model = tfl.sequential({ layers: [tfl.layers.dense({ units: 1, inputShape: [2] })] });
    expect(() => compile(model as never)).toThrow(/got an object \(Sequential\).*model\.apply/);
    const f = compile((x: tf.Tensor) => tf.sqrt(x), { name: 'root' });
    await tf.setBackend('cpu');
    expect(() => f(tf.scalar(4))).toThrow(/compile: root: .*active backend is 'cpu'.*setBackend\('onnx'\)/);
    expect(() => exportOnnx(f, [tf.scalar(4)])).toThrow(/exportOnnx: .*active backend is 'cpu'/);
    await tf.setBackend('onnx');
    expect(f(tf.scalar(4)).dataSync()[0]).toBe(2);
    f.dispose();
  });

  it('compile: a promise is refused at the first call, and its rejection goes astray nowhere', async () => {
    const strays: unknown[] = [];
    const stray = (reason: unknown) => strays.push(reason);
    process.on('unhandledRejection', stray);
    const f = compile(async (x: tf.Tensor) => {
      await Promise.resolve();
      throw new Error(`late ${x.rank}`);
    });
    const x = ramp(3);
    for (let i = 0; i < 3; i++)
      expect(() => f(x)).toThrow(/compile: the function must not be asynchronous.*model\.fit and trainOnBatch need no/);
    expect(() => exportOnnx(async (v: tf.Tensor) => tf.sqrt(v), [x])).toThrow(
      /exportOnnx: the function must not be asynchronous/,
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.off('unhandledRejection', stray);
    expect(strays).toEqual([]);
    f.dispose();
  });

  it('exportOnnx: a function and a list of arguments, or a clear error', () => {
    const x = ramp(3);
    expect(() => exportOnnx((v: tf.Tensor) => tf.sqrt(v), x as never)).toThrow(
      /exportOnnx: inputs must be a list.*got a tensor float32\[3\]; write exportOnnx\(fn, \[x\]\)/,
    );
    expect(() => exportOnnx((v: tf.Tensor) => tf.sqrt(v), undefined as never)).toThrow(
      /inputs must be a list.*undefined/,
    );
    const model = tfl.sequential({ layers: [tfl.layers.dense({ units: 1, inputShape: [3] })] });
    expect(() => exportOnnx(model as never, [x])).toThrow(
      /exportOnnx: fn must be a function of tensors, got an object \(Sequential\).*\(x\) => model\.apply\(x\)/,
    );
  });

  it('exportOnnx: what is refused inside of the function is refused in its name, then compile speaks in its own', () => {
    const x = ramp(4);
    const refused: [(v: tf.Tensor) => unknown, RegExp][] = [
      [(v) => tf.mul(v, v.dataSync()[0]!), /reads the numbers/],
      [(v) => tf.unique(v as tf.Tensor1D).values, /kernel Unique/],
      [(v) => tf.complex(v, v), /must be float32, int32 or bool, got complex64/],
      [() => new Float32Array(3), /got Float32Array/],
      [(v) => tf.mul(v, tf.randomNormal([4])), /other numbers each time/],
      [(v) => tf.variable(v), /creates variables/],
    ];
    for (const [fn, reason] of refused) {
      expect(() => exportOnnx(fn, [x])).toThrow(/^exportOnnx: /);
      expect(() => exportOnnx(fn, [x])).toThrow(reason);
    }
    expect(() => exportOnnx((v: unknown) => v, [new Map([['x', x]])])).toThrow(
      /^exportOnnx: .* got a Map, whose contents/,
    );
    const f = compile(refused[0]![0]);
    f(x);
    expect(() => f(x)).toThrow(/^compile: the function reads/);
    f.dispose();
  });

  it('a backend that was removed can be registered again; compiled functions are built anew', async () => {
    let calls = 0;
    const f = compile((v: number) => {
      calls++;
      return tf.mul(
        hostInput([], 'float32', (out) => out.fill(v)),
        2,
      );
    });
    for (let i = 0; i < 3; i++) expect(f(4).dataSync()[0]).toBe(8);
    expect(calls).toBe(3);
    tf.removeBackend('onnx');
    registerOnnxBackend({ threads: 1, hostThreshold: 32 });
    await tf.setBackend('onnx');
    for (let i = 0; i < 3; i++) expect(f(4).dataSync()[0]).toBe(8);
    expect(calls).toBe(6);
  });
});
