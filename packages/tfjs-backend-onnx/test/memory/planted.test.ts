import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers'; // registers the gradients
import '@tensorflow/tfjs-backend-cpu';
import type { Tensor } from 'onnxruntime-common';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { compile, type OnnxBackend, registerOnnxBackend } from '../../src/index.js';
import type { Resident } from '../../src/memory/slot.js';
import type { TensorMemory } from '../../src/memory/tensor-memory.js';
import { firstFailure } from './programs.js';

/** Errors that this package once had, put back into it: the random programs must find each. */
const planted = vi.hoisted(() => ({ error: '', fromTinyWork: new WeakSet<object>() }));

vi.mock(import('../../src/memory/slot.js'), async (original) => {
  const { Slot, ...rest } = await original();
  class PlantedSlot extends Slot {
    private isMove = false;

    override admit(resident: Resident, numbers: Float32Array): void {
      this.isMove = (resident as TensorMemory).state.kind === 'resident';
      super.admit(resident, numbers);
    }

    override evict(): void {
      if (planted.error === 'A1') return;
      if (planted.error === 'A2' && this.isMove) return;
      super.evict();
    }
  }
  return { ...rest, Slot: PlantedSlot };
});

vi.mock(import('../../src/memory/tensor-memory.js'), async (original) => {
  const { TensorMemory: Original, ...rest } = await original();
  const { ortTensor } = await import('../../src/run/session.js');
  class PlantedMemory extends Original {
    override numbersToHold() {
      planted.fromTinyWork.delete(this);
      return super.numbersToHold();
    }

    override swapBuffers(next: Tensor): void {
      const old = planted.fromTinyWork.has(this) ? (this.numbersForNow() as Float32Array) : undefined;
      super.swapBuffers(next);
      if (old !== undefined) Object.assign(this.state, { spare: ortTensor(old, next.dims, 'float32') });
    }
  }
  return { ...rest, TensorMemory: PlantedMemory };
});

vi.mock(import('../../src/host/tiny-work.js'), async (original) => {
  const { TinyWork, ...rest } = await original();
  class PlantedTinyWork extends TinyWork {
    override run(...call: Parameters<InstanceType<typeof TinyWork>['run']>) {
      const result = super.run(...call);
      if (planted.error !== 'A3' || result === undefined) return result;
      const { tensors } = tf.backend() as OnnxBackend;
      for (const { dataId } of [result].flat()) planted.fromTinyWork.add(tensors.of(dataId));
      return result;
    }
  }
  return { ...rest, TinyWork: PlantedTinyWork };
});

beforeAll(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
});
afterEach(() => {
  planted.error = '';
});

function* seeds(count: number) {
  for (let seed = 1; seed <= count; seed++) yield seed;
}

const errors = {
  A1: 'a slot is written while the numbers of another tensor are in it',
  A2: 'a slot is written while the numbers of a clone are in it, when the variable comes back from the slot of another function',
  A3: 'results of tiny work, which may be part of another tensor, are written as buffers of a variable',
};

describe('random programs find what is planted', () => {
  it('nothing, where nothing is', async () => {
    expect(await firstFailure(compile, { seeds: seeds(50), length: 15 })).toBeUndefined();
  });

  it.each(Object.entries(errors))('%s: %s', async (name) => {
    planted.error = name;
    const failure = await firstFailure(compile, { seeds: seeds(1000), length: 30 });
    planted.error = '';
    expect(failure).toMatch(/should be/);
  });
});
