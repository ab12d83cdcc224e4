import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { inStepScope, type StepTime } from '../random/step-scope.js';
import type { Contrastive } from '../trainable.js';
import { disposeSlices, sharedRows, sliceRows } from './batch-rows.js';
import { type CompiledStep, compileStep } from './compile-step.js';
import { lossGradients } from './loss-gradients.js';
import type { Objective } from './objective.js';
import type { Metrics } from './step.js';
import type { StepBody, StepClock } from './step-engine.js';
import type { NamedGradients } from './transforms/transform.js';

type Embeddings = { [name: string]: Tensor2D };
/** Gradients of all trained variables, zero where the loss does not depend on one. */
type GradientSums = Record<string, Tensor>;

interface ChunkedRoundOptions {
  clock: StepClock;
  compile: boolean;
  /** Rows that are embedded at a time. */
  chunkSize: number;
}

/**
 * The gradient of one contrastive objective in two passes over chunks of the batch. Between the compiled functions there are
 * only tensors, no variables of its own: nothing is left of a step but what the optimiser and the transforms keep.
 */
export function chunkedRound<Batch>(
  caller: string,
  model: Contrastive<Batch>,
  objective: Objective<Batch>,
  { clock, compile, chunkSize }: ChunkedRoundOptions,
): StepBody<Batch> {
  const chunkTime: StepTime = { step: 0, part: 1 };
  const compiled: { dispose(): void }[] = [];
  const made = <Input, Result extends object>(body: (input: Input) => Result): CompiledStep<Input, Result> => {
    const step = compileStep(body, { compile, caller });
    compiled.push(step);
    return step;
  };

  const embed = made(
    (chunk: Batch): Embeddings => inStepScope(chunkTime, () => model.embedBatch(chunk, { training: true })),
  );
  const contrast = made(({ embeddings, batch }: { embeddings: Embeddings; batch: Batch }) =>
    inStepScope(clock, () => {
      const names = Object.keys(embeddings);
      const trained = objective.trained;
      const inputs = [...Object.values(embeddings), ...Object.values(trained)];
      const { metrics, gradients } = lossGradients(caller, () => model.contrast(embeddings, batch), inputs);
      const sums: GradientSums = {};
      Object.entries(trained).forEach(([name, variable], i) => {
        sums[name] = gradients[names.length + i] ?? tf.zerosLike(variable);
      });
      const ofEmbeddings: Embeddings = {};
      names.forEach((name, i) => {
        ofEmbeddings[name] = (gradients[i] ?? tf.zerosLike(embeddings[name]!)) as Tensor2D;
      });
      return { metrics, ofEmbeddings, sums };
    }),
  );
  const backward = made(
    ({ chunk, ofEmbeddings, sums }: { chunk: Batch; ofEmbeddings: Embeddings; sums: GradientSums }): GradientSums =>
      inStepScope(chunkTime, () => {
        const product = () => {
          const parts = Object.entries(model.embedBatch(chunk, { training: true })).map(([name, rows]) =>
            tf.sum(tf.mul(rows, ofEmbeddings[name]!)),
          );
          return tf.addN(parts) as tf.Scalar;
        };
        const trained = Object.entries(objective.trained);
        const { gradients } = lossGradients(
          caller,
          product,
          trained.map(([, variable]) => variable),
          { mayBeConstant: true }, // all encoders may be frozen
        );
        return Object.fromEntries(
          trained.map(([name], i) => [name, gradients[i] ? tf.add(sums[name]!, gradients[i]) : tf.clone(sums[name]!)]),
        );
      }),
  );
  /** One for each way in which gradients are kept back or reach the optimiser. */
  const updates = new Map<number, CompiledStep<NamedGradients, Metrics>>();
  const update = (gradients: NamedGradients, reach: number): Metrics => {
    const body =
      updates.get(reach) ?? made((sums: NamedGradients) => inStepScope(clock, () => objective.update(sums, reach)));
    updates.set(reach, body);
    return body(gradients);
  };

  return {
    run(batch, [reach = 0]) {
      const rows = sharedRows(caller, batch);
      chunkTime.step = clock.step;
      const eachChunk = (visit: (chunk: Batch, start: number, count: number) => void): void => {
        for (let start = 0; start < rows; start += chunkSize) {
          const count = Math.min(chunkSize, rows - start);
          chunkTime.part = 1 + start / chunkSize;
          const chunk = tf.tidy(() => sliceRows(batch, start, count) as tf.TensorContainer) as Batch;
          try {
            visit(chunk, start, count);
          } finally {
            disposeSlices(chunk, batch);
          }
        }
      };
      const parts: Embeddings[] = [];
      let embeddings: Embeddings = {};
      let ofEmbeddings: Embeddings = {};
      let sums: GradientSums = {};
      let metrics: Metrics = {};
      try {
        eachChunk((chunk) => parts.push(embed(chunk)));
        embeddings = tf.tidy(() => joinRows(parts));
        tf.dispose(parts);
        ({ metrics, ofEmbeddings, sums } = contrast({ embeddings, batch }));
        eachChunk((chunk, start, count) => {
          const slice = tf.tidy(() => sliceRows(ofEmbeddings, start, count));
          try {
            const next = backward({ chunk, ofEmbeddings: slice, sums });
            tf.dispose(sums);
            sums = next;
          } finally {
            tf.dispose(slice);
          }
        });
        return { ...metrics, ...update(sums, reach) };
      } catch (error) {
        tf.dispose(metrics);
        throw error;
      } finally {
        tf.dispose([parts, embeddings, ofEmbeddings, sums]);
      }
    },
    dispose() {
      for (const step of compiled) step.dispose();
    },
  };
}

/** The embeddings of all chunks below each other. */
function joinRows(parts: readonly Embeddings[]): Embeddings {
  const names = Object.keys(parts[0] ?? {});
  return Object.fromEntries(
    names.map((name) => [
      name,
      tf.concat(
        parts.map((part) => part[name]!),
        0,
      ),
    ]),
  );
}
