import { type ModelFiles, memoryFile } from '@crossmodal/core';
import { safetensorsPieces } from '@crossmodal/core/safetensors';
import { golden, goldenIndex } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { loadImageEncoder } from '../src/index.js';
import { useTestBackend } from './backend.js';
import { folder, formulaWeights, h } from './formula-weights.js';

useTestBackend('cpu');

interface Case {
  name: string;
  options: { arch: string; batch: number; size: [number, number]; train?: boolean };
  tolerance: { rtol: number; atol: Record<string, number> };
}

const { cases } = goldenIndex<{ cases: Case[] }>(folder);
/** The rest repeats these with other batches, and runs with CROSSMODAL_LONG=1. */
const short = new Set(['resnet18_train_b4_64', 'mobilenet_v2_train_b4_64']);

/** Ours are [height, width, in, out]; depthwise ones [height, width, channels, 1]. */
function asTorch(gradient: tf.Tensor): tf.Tensor {
  if (gradient.rank !== 4) return gradient;
  return tf.transpose(gradient, gradient.shape[3] === 1 ? [2, 3, 0, 1] : [3, 2, 0, 1]);
}

/** In doubles: half a million squares of float32 add up to a ten-thousandth of error otherwise. */
const norm = (x: tf.Tensor) => Math.sqrt(Array.from(x.dataSync()).reduce((sum, value) => sum + value ** 2, 0));

const weights = new Map<string, ModelFiles>();
function filesOf(architecture: string): ModelFiles {
  if (!weights.has(architecture)) {
    const file = memoryFile(safetensorsPieces(formulaWeights(architecture)), { label: `${architecture}.safetensors` });
    weights.set(architecture, new Map([['model.safetensors', file]]));
  }
  return weights.get(architecture)!;
}

describe('loadImageEncoder against torchvision', () => {
  for (const { name, options, tolerance } of cases.filter((entry) => !entry.name.startsWith('state_dict'))) {
    it.runIf(short.has(name) || process.env['CROSSMODAL_LONG'] === '1')(
      name,
      async () => {
        const { arch, batch, size, train = false } = options;
        const { tensor, raw } = golden(new URL(`${name}.safetensors`, folder));
        const encoder = await loadImageEncoder(filesOf(arch), { config: { architecture: arch } });
        const close = (actual: tf.Tensor, output: string) =>
          expect(actual, output).toBeAllclose(tensor(output), {
            rtol: tolerance.rtol,
            atol: tolerance.atol[output] ?? 0,
          });
        const first = (x: tf.Tensor) => tf.slice(tf.reshape(x, [-1]), 0, Math.min(64, x.size));
        const values = Float32Array.from({ length: batch * 3 * size[0] * size[1] }, (_, i) => 1.5 * h(1000, i));
        const input = tf.tensor4d(values, [batch, 3, ...size]);
        expect(first(input)).toBeAllclose(tf.tensor1d((raw['in.x.first']!.data as Float32Array).slice(0, 64)), {
          atol: 1e-6,
        });
        const labels = Array.from({ length: batch }, (_, n) => (7 * n + 3) % 1000);
        const targets = tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), 1000), 'float32');
        const run = { training: train };
        const variables = encoder.namedVariables();
        const running = Object.keys(raw).filter((key) => key.startsWith('running.'));
        const before = running.map((key) => {
          const variable =
            variables[
              key
                .replace(/\.mean$/, '.running_mean')
                .replace(/\.var$/, '.running_var')
                .slice(8)
            ]!;
          return [key, variable, variable.clone()] as const;
        });
        const loss = (x: tf.Tensor) => {
          const logits = encoder.logits!({ pixels: tf.transpose(x, [0, 2, 3, 1]) }, run);
          return tf.mean(tf.neg(tf.sum(tf.mul(tf.logSoftmax(logits), targets), 1))) as tf.Scalar;
        };
        const restore = () => {
          for (const [, variable, start] of before) variable.assign(start);
        };
        const pixels = tf.transpose(input, [0, 2, 3, 1]);
        close(encoder.logits!({ pixels }, run), 'out.logits');
        for (const [key, variable] of before) close(variable, key);
        restore();
        if (!train) {
          const { sequence } = encoder.encodeSequence({ pixels });
          const [, places, channels] = sequence.shape;
          const map = tf.transpose(tf.reshape(sequence, [batch, places, channels]), [0, 2, 1]);
          const last = arch.startsWith('resnet') ? 'layer4' : 'features.18';
          if (raw[`stage.${last}.first`]) close(first(map), `stage.${last}.first`);
          if (raw['stage.avgpool.first']) close(first(encoder.encode({ pixels })), 'stage.avgpool.first');
        }
        const { value, grads } = tf.variableGrads(() => loss(input), encoder.trainableVariables());
        close(value, 'out.loss');
        let compared = 0;
        for (const key of Object.keys(raw).filter((one) => /^grad\..*\.norm$/.test(one) && !one.startsWith('grad.x'))) {
          const parameter = key.slice(5, -5);
          const gradient = asTorch(grads[variables[parameter]!.name]!);
          close(tf.scalar(norm(gradient)), key);
          close(first(gradient), `grad.${parameter}.first`);
          compared++;
        }
        expect(compared).toBeGreaterThanOrEqual(6);
        restore();
        const gradient = tf.grad((x) => loss(x))(input);
        close(tf.scalar(norm(gradient)), 'grad.x.norm');
        close(first(gradient), 'grad.x.first');
        encoder.dispose();
      },
      180_000,
    );
  }
});
