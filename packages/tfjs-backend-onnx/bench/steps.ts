import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { compile, type OnnxBackend, profile, registerOnnxBackend } from '../src/index.js';
import { workloads } from './workloads.js';

// Usage: steps.ts [workload,...] [repetitions] [eager]
const [, , names = Object.keys(workloads).join(','), count = '15', mode = 'compiled'] = process.argv;
registerOnnxBackend({ threads: Number(process.env['THREADS'] ?? 2) });
await tf.setBackend('onnx');
const backend = tf.backend() as OnnxBackend;

for (const name of names.split(',')) {
  const { step } = workloads[name]!();
  const run = mode === 'eager' ? () => tf.tidy(step) : compile(step);
  const losses: number[] = [];
  const times: number[] = [];
  const cpu: number[] = [];
  for (let i = 0; i < Number(count) + 3; i++) {
    const start = performance.now();
    const before = process.cpuUsage();
    const loss = run();
    losses.push(loss.dataSync()[0]!);
    loss.dispose();
    times.push(performance.now() - start);
    const used = process.cpuUsage(before);
    cpu.push((used.user + used.system) / 1000);
  }
  const warm = times.slice(3).sort((a, b) => a - b);
  const busy = cpu.slice(3).sort((a, b) => a - b);
  const { builds, buildMilliseconds, fallbacks } = backend.statistics;
  console.log(
    `${name.padEnd(12)} best ${warm[0]!.toFixed(2)}  median ${warm[warm.length >> 1]!.toFixed(2)} ms  cpu best ${busy[0]!.toFixed(2)} median ${busy[busy.length >> 1]!.toFixed(2)}  first ${times[0]!.toFixed(0)} build ${times[1]!.toFixed(0)}  losses ${losses
      .slice(0, 3)
      .map((l) => l.toFixed(5))
      .join(
        ' ',
      )} ... ${losses[losses.length - 1]!.toFixed(5)}  builds ${builds} (${buildMilliseconds.toFixed(0)} ms) fallbacks ${[...fallbacks].join(' ') || 'none'}`,
  );
  if (process.env['PROFILE'] !== undefined) {
    const { kernels, operators, milliseconds } = profile(() => run().dataSync());
    console.log(`  ${milliseconds.toFixed(2)} ms in operators`);
    for (const row of kernels.slice(0, 14)) {
      console.log(
        `  ${row.milliseconds.toFixed(2).padStart(8)} ${(100 * row.share).toFixed(0).padStart(3)} % ${row.kernel} (${row.operators.join(' ')})`,
      );
    }
    for (const row of operators.slice(0, 24)) {
      console.log(
        `     ${row.milliseconds.toFixed(2).padStart(8)} ${row.kernel.padEnd(24)} ${row.operator.padEnd(12)} ${row.shape}`,
      );
    }
  }
  (run as { dispose?: () => void }).dispose?.();
  tf.disposeVariables();
}
