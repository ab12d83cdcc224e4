import { readdirSync, readFileSync } from 'node:fs';
import { Random } from '@crossmodal/core';
import { scheduledScalar } from '@crossmodal/core/schedules';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import * as losses from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend();

const sources = new URL('../src/', import.meta.url);
const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));

/** The `@example` blocks of a source file, as JavaScript: the only types that they have are assertions, `as tf.Tensor2D`. */
function examplesOf(file: string): string[] {
  const text = readFileSync(new URL(file, sources), 'utf8');
  return [...text.matchAll(/@example\n([\s\S]*?)\n\s*\*\//g)].map((match) =>
    (match[1] as string).replaceAll(/^\s*\* ?/gm, '').replaceAll(/ as tf\.\w+/g, ''),
  );
}

/** What the examples take for granted: batches of embeddings, logits and labels, and small networks. */
function setting(): Record<string, unknown> {
  const noise = (shape: number[], seed: number): Tensor => tf.randomNormal(shape, 0, 1, 'float32', seed);
  const rows = (seed: number) => noise([6, 4], seed);
  const network = (x: Tensor) => tf.sum(tf.tanh(x), 1);
  const [a, b, x, y] = [rows(1), rows(2), rows(3), rows(4)];
  const term = () => tf.scalar(1);
  return {
    ...losses,
    tf,
    Random,
    scheduledScalar,
    a,
    b,
    x,
    y,
    step: 3,
    random: new Random(1),
    images: a,
    texts: b,
    image: a,
    scores: noise([6, 6], 5),
    text: b,
    captions: b,
    imageEmbeddings: a,
    textEmbeddings: b,
    viewA: a,
    viewB: b,
    sourceFeatures: a,
    targetFeatures: b,
    source: a,
    target: b,
    imageFeatures: a,
    textFeatures: b,
    features: x,
    domains: y,
    embeddings: x,
    embedding: x,
    otherTexts: y,
    generated: y,
    p0: a,
    p1: b,
    z0: x,
    z1: y,
    classTexts: noise([3, 4], 5),
    matches: tf.tensor1d([1, 0, 1, 0, 1, 0]),
    realFeatures: a,
    fakeFeatures: b,
    proxies: noise([3, 4], 6),
    centres: noise([3, 4], 7),
    labels: tf.tensor1d([0, 1, 2, 0, 1, 2], 'int32'),
    imageLabels: [0, 1, 2, 0, 1, 2],
    textLabels: [0, 1, 2, 0, 1, 2],
    logits: noise([2, 3], 8),
    matchLogits: noise([3], 9),
    teacherViews: noise([2, 6, 5], 10),
    studentViews: noise([4, 6, 5], 11),
    center: noise([5], 12),
    logScale: tf.scalar(2),
    bias: tf.scalar(-10),
    mean: a,
    logVariance: b,
    priorMean: x,
    priorLogVariance: y,
    z: noise([6, 4], 13),
    decoder: (z: Tensor) => z,
    kl: tf.ones([6]),
    logLikelihood: noise([6], 14),
    tokens: tf.ones([6, 4], 'int32'),
    d: network,
    real: a,
    fake: b,
    discriminate: network,
    generate: (z: Tensor) => z,
    classifier: (z: tf.Tensor2D) => tf.slice(z, [0, 0], [-1, 2]),
    batch: null,
    nce: term,
    xs: a,
    xt: b,
    ps: x,
    pt: y,
    predictions: losses.gaussianKernel(),
    report: () => undefined,
    imageLoss: (z: Tensor) => tf.sum(tf.square(z)),
    textLoss: (z: Tensor) => tf.sum(z),
    imageTerm: (z: Tensor) => tf.sum(tf.square(z)),
    textTerm: (z: Tensor) => tf.sum(z),
  };
}

/** Settings that a single file sees differently. */
const exceptions: Record<string, () => Record<string, unknown>> = {
  'cost/uncertainty-weights.ts': () => ({ image: () => tf.scalar(1), text: () => tf.scalar(2) }),
  'cost/gradient-balance.ts': () => ({ image: () => tf.scalar(1), text: () => tf.scalar(2) }),
  'elbo/categorical-log-likelihood.ts': () => ({ decoder: () => tf.randomNormal([6, 4, 5], 0, 1, 'float32', 1) }),
  'elbo/elbo.ts': () => ({ logits: tf.zeros([6, 4]) }),
  'elbo/bernoulli-log-likelihood.ts': () => ({ images: tf.ones([6, 4]) }),
  'elbo/iwae-bound.ts': () => ({
    logLikelihood: tf.ones([3, 6]),
    logPrior: tf.ones([3, 6]),
    logPosterior: tf.ones([3, 6]),
  }),
  'distribution/mmd.ts': () => ({ features: losses.gaussianKernel() }),
  'cost/cross-modal-cost.ts': () => ({ logits: tf.zeros([6, 3]) }),
  'cross-entropy.ts': () => ({ logits: tf.zeros([2, 5]) }),
  'adversarial/gan-cls.ts': () => ({ d: (image: Tensor, text: Tensor) => tf.sum(tf.mul(image, text), 1) }),
};

describe.each(
  files.map((file) => ({ file, examples: examplesOf(file) })).filter(({ examples }) => examples.length > 0),
)('$file', ({ file, examples }) => {
  it.each(examples.map((code, i) => ({ i, code })))('example $i runs', ({ code }) => {
    tf.tidy(() => {
      const scope = { ...setting(), ...exceptions[file]?.() };
      // An example may declare a name that the setting has: its block is a scope of its own.
      const program = new Function(...Object.keys(scope), `'use strict';\n{\n${code}\n}`);
      program(...Object.values(scope));
    });
  });
});

it('every public function has an example', () => {
  const functions = Object.entries(losses).filter(([, value]) => typeof value === 'function');
  const all = files.flatMap(examplesOf).join('\n');
  const without = functions.map(([name]) => name).filter((name) => !new RegExp(`\\b${name}\\b`).test(all));
  expect(without).toEqual([]);
});

it('the README names every public function', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const without = Object.keys(losses).filter((name) => !new RegExp(`\\b${name}\\b`).test(readme));
  expect(without).toEqual([]);
});
