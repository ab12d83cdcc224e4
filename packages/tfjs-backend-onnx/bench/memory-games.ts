// Thousands of random programs of everything that changes the memory of tensors, beside a reference that copies
// everything (test/memory/programs.ts). Ends with 1 at the first that differs, which is printed with its seed and shrunk.
// pnpm --filter @crossmodal/tfjs-backend-onnx run test:games [programs] [first seed]
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { compile, registerOnnxBackend } from '../src/index.js';
import { firstFailure } from '../test/memory/programs.js';

const [programs = 3000, start = Math.floor(Date.now() / 1000) % 1_000_000] = process.argv.slice(2).map(Number);
registerOnnxBackend({ threads: 1 });
await tf.setBackend('onnx');

/** One in ten is long. */
const kinds = [...Array.from({ length: 9 }, () => 20), 120];
console.log(`${programs} programs, seeds from ${start}`);
for (let i = 0; i < programs; i++) {
  const failure = await firstFailure(compile, { seeds: [start + i], length: kinds[i % kinds.length]! });
  if (failure !== undefined) {
    console.log(failure);
    process.exitCode = 1;
    break;
  }
  if ((i + 1) % 500 === 0) console.log(`${i + 1} programs`);
}
