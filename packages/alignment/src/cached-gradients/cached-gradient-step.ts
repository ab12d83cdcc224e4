import {
  CrossmodalError,
  compile as compileFunction,
  inStepScope,
  prefixed,
  type TensorFunction,
} from '@crossmodal/core';
import type { RuleOptimizer } from '@crossmodal/core/optimisers';
import { clipByNorm, type Metrics, type Step } from '@crossmodal/core/step';
import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { BatchExtras, DualEncoderBatch } from '../dual-encoder/batch.js';
import type { DualEncoder, Embeddings } from '../dual-encoder/dual-encoder.js';
import { type Chunk, definedOnly, mapModalities, rowsOf, sliceInputs } from './chunks.js';

export interface CachedGradientOptions<Modality extends string> {
  model: DualEncoder<Modality>;
  optimizer: RuleOptimizer;
  /** Rows that go through the encoders at a time: what bounds memory. */
  chunkSize: number;
  /** Largest norm of all gradients together. */
  clipNorm?: number;
  compile?: boolean;
}

/**
 * A training step on a batch whose encoders would not fit into memory at once (GradCache). The contrastive loss needs all
 * embeddings, but only their gradients connect it with the encoders:
 *
 * 1. embed the batch chunk by chunk, keeping embeddings only; 2. compute the loss and its gradient with respect to the
 * embeddings; 3. embed each chunk again, now with gradients, and backpropagate sum_i <z_i, dL/dz_i>.
 *
 * The result is the gradient of the whole batch, for the memory of one chunk and one more forward pass. Dropout draws the
 * same numbers in both passes. Batch normalisation sees chunks, not the batch, and moves its averages twice per step.
 *
 * @throws CrossmodalError when the chunk size is not a positive integer, or the batch has no inputs
 * @see Gao, Zhang, Han and Callan (2021), Scaling deep contrastive learning batch size under memory limited setup, section 3.2
 *
 * @example
 * const step = cachedGradientStep({ model, optimizer: adamW({ learningRate: 1e-3 }), chunkSize: 64 });
 * await fit(step, batchesOf1024, { epochs: 10 });
 */
export function cachedGradientStep<Modality extends string>({
  model,
  optimizer,
  chunkSize,
  clipNorm,
  compile = true,
}: CachedGradientOptions<Modality>): Step<DualEncoderBatch<Modality>> {
  if (!Number.isInteger(chunkSize) || chunkSize < 1) {
    throw new CrossmodalError(`cachedGradientStep: chunkSize must be a positive integer, got ${chunkSize}`);
  }
  const variables = model.trainableVariables();
  const names = new Map(Object.entries(model.namedVariables()).map(([name, variable]) => [variable, name]));
  optimizer.prepare(Object.fromEntries(variables.map((variable) => [names.get(variable) as string, variable])));
  const sums = variables.map((variable) => tf.tidy(() => tf.variable(tf.zerosLike(variable), false)));
  const clock = { step: 0 };
  const chunkClock = { step: 0 };
  const compiled: { dispose(): void }[] = [];
  const made = <F extends TensorFunction>(fn: F): ((...args: Parameters<F>) => ReturnType<F>) => {
    if (!compile) return (...args) => tf.tidy(() => fn(...args) as ReturnType<F>);
    const result = compileFunction(fn);
    compiled.push(result);
    return result;
  };

  const embedAll = (chunk: Chunk<Modality>): Embeddings<Modality> => {
    const embeddings: Embeddings<Modality> = {};
    for (const name of model.modalities) {
      const inputs = chunk[name];
      if (inputs) embeddings[name] = model.embed(name, inputs, { training: true });
    }
    return embeddings;
  };
  const accumulate = (gradients: readonly (Tensor | null | undefined)[], start: boolean): void => {
    sums.forEach((sum, i) => {
      const gradient = gradients[i];
      if (start) sum.assign(gradient ?? tf.zerosLike(sum));
      else if (gradient) sum.assign(tf.add(sum, gradient));
    });
  };

  const forward = made((chunk: Chunk<Modality>) => inStepScope(chunkClock, () => embedAll(chunk)));
  const contrast = made((cache: Embeddings<Modality>, extras: BatchExtras<Modality>) =>
    inStepScope(clock, () => {
      const given = model.modalities.filter((name) => cache[name]);
      const inputs = given.map((name) => cache[name] as Tensor2D);
      const terms: Metrics = {};
      const loss = (): Scalar => {
        const { loss: total, ...rest } = model.contrast(cache, extras);
        for (const [name, term] of Object.entries(rest)) terms[name] = tf.keep(tf.clone(term));
        return total;
      };
      const { value, grads } = tf.engine().gradients(loss, [...inputs, ...variables], undefined, true);
      accumulate(grads.slice(inputs.length), true);
      const metrics: Metrics = { loss: value as Scalar };
      for (const [name, term] of Object.entries(terms)) metrics[name] = tf.clone(term);
      tf.dispose(terms);
      return { metrics, gradients: Object.fromEntries(given.map((name, i) => [name, grads[i] as Tensor2D])) };
    }),
  );
  const backward = made((chunk: Chunk<Modality>, gradients: Embeddings<Modality>) =>
    inStepScope(chunkClock, () => {
      const surrogate = (): Scalar => {
        const products = Object.entries<Tensor2D | undefined>(embedAll(chunk)).map(([name, rows]) =>
          tf.sum(tf.mul(rows as Tensor2D, gradients[name as Modality] as Tensor2D)),
        );
        return tf.addN(products) as Scalar;
      };
      const { value, grads } = tf.engine().gradients(surrogate, variables, undefined, true);
      accumulate(grads, false);
      return { value };
    }),
  );
  const update = made(
    (): Metrics =>
      inStepScope(clock, () => {
        const { clipped, norm } =
          clipNorm === undefined
            ? { clipped: sums as Tensor[], norm: undefined }
            : clipByNorm(sums as Tensor[], clipNorm);
        optimizer.applyGradients(variables.map(({ name }, i) => ({ name, tensor: clipped[i] as Tensor })));
        const metrics: Metrics = {};
        if (norm) metrics['gradientNorm'] = norm;
        return metrics;
      }),
  );

  return {
    run(batch) {
      const { present, groups, positives } = batch;
      const modalities = model.modalities.filter((name) => batch[name]);
      const size = rowsOf(batch, modalities);
      const starts = Array.from({ length: Math.ceil(size / chunkSize) }, (_, i) => i * chunkSize);
      const eachChunk = (visit: (chunk: Chunk<Modality>, start: number, rows: number) => void): void => {
        starts.forEach((start, i) => {
          const rows = Math.min(chunkSize, size - start);
          chunkClock.step = clock.step * starts.length + i;
          const chunk = tf.tidy(() => sliceInputs(batch, modalities, start, rows));
          try {
            visit(chunk, start, rows);
          } finally {
            tf.dispose(chunk);
          }
        });
      };
      const parts: Embeddings<Modality>[] = [];
      let cache: Embeddings<Modality> | undefined;
      let gradients: Embeddings<Modality> | undefined;
      try {
        eachChunk((chunk) => parts.push(forward(chunk)));
        cache = tf.tidy(() =>
          mapModalities(modalities, (name) =>
            tf.concat(
              parts.map((part) => part[name] as Tensor2D),
              0,
            ),
          ),
        );
        tf.dispose(parts);
        const extras: BatchExtras<Modality> = { present, groups, positives };
        const result = contrast(cache, definedOnly(extras));
        gradients = result.gradients as Embeddings<Modality>;
        eachChunk((chunk, start, rows) => {
          const slice = tf.tidy(() =>
            mapModalities(modalities, (name) =>
              tf.slice(gradients?.[name] as Tensor2D, [start, 0], [rows, model.dimension]),
            ),
          );
          tf.dispose([slice, backward(chunk, slice)]);
        });
        const metrics = { ...result.metrics, ...update() };
        clock.step++;
        optimizer.updates++;
        return metrics;
      } finally {
        tf.dispose([parts, cache ?? [], gradients ?? []]);
      }
    },
    namedState: () => ({
      ...prefixed('model', model.namedVariables()),
      ...prefixed('optimizer', optimizer.namedState()),
    }),
    hostState: () => ({ runs: clock.step, updates: optimizer.updates }),
    restoreHostState({ runs = 0, updates = 0 }) {
      clock.step = runs;
      optimizer.updates = updates;
    },
    learningRates: () => ({ learningRate: optimizer.currentRate() }),
    dispose() {
      for (const fn of compiled) fn.dispose();
      tf.dispose(sums);
    },
  };
}
