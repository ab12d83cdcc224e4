import * as tf from '@tensorflow/tfjs-core';
import { CrossmodalError } from '../errors.js';
import type { StoredTensor } from '../safetensors/values.js';
import type { MetricValues, TrainRecord } from './records.js';

/** The names of the terms that are not finite; parts before the sum that they spoil. */
export function spoiltTerms(metrics: MetricValues): string[] {
  const spoilt = Object.keys(metrics).filter((name) => !Number.isFinite(metrics[name]));
  const isTotal = (name: string) => name === 'loss' || name.endsWith('/loss');
  return [...spoilt.filter((name) => !isTotal(name)), ...spoilt.filter(isTotal)];
}

/** Where the run stands after the guard stopped it. */
export function afterwards(restored: string | undefined): string {
  return restored
    ? `the weights of the last good checkpoint, ${restored}, are in place`
    : 'there is no checkpoint to go back to, and the weights are probably spoilt';
}

/** What is said when a term is no number any more. */
export function nanError(
  { step, metrics }: TrainRecord,
  previous: TrainRecord | undefined,
  { restored, input }: { restored: string | undefined; input: string | undefined },
): CrossmodalError {
  const terms = spoiltTerms(metrics);
  const [first = 'loss'] = terms;
  const said = terms.map((name) => `'${name}' is ${metrics[name]}`).join(', ');
  const finite = Object.keys(metrics).filter((name) => !terms.includes(name));
  const others = finite.length > 0 ? ` (finite: ${finite.join(', ')})` : '';
  const before = previous ? `; at step ${previous.step} '${first}' was ${previous.metrics[first]}` : '';
  const cause = input ? `; ${input}` : '';
  return new CrossmodalError(`fit: ${said} at step ${step}${others}${before}${cause}; ${afterwards(restored)}`, {
    remedy: input
      ? 'look at the data: leave such items out, or replace their values, before they are batched'
      : `lower the learning rate, clip the gradients (transforms: [clipByNorm(1)]), or bound '${first}'`,
  });
}

/** The first input of a batch that is not finite, in words; undefined when all are. */
export async function spoiltInput(batch: unknown, path: readonly string[] = []): Promise<string | undefined> {
  if (batch instanceof tf.Tensor) {
    if (batch.dtype !== 'float32' || batch.isDisposed) return undefined;
    const values = (await batch.data()) as Float32Array;
    const bad = values.find((value) => !Number.isFinite(value));
    if (bad === undefined) return undefined;
    const name = path.length > 0 ? `'${path.join('/')}' of the batch` : 'the batch';
    return `${name} holds ${Number.isNaN(bad) ? 'NaN' : bad}`;
  }
  if (typeof batch !== 'object' || batch === null || ArrayBuffer.isView(batch)) return undefined;
  for (const [key, item] of Object.entries(batch)) {
    const found = await spoiltInput(item, [...path, key]);
    if (found) return found;
  }
  return undefined;
}

/** The first tensor that is not finite, before it is saved as good. */
export function spoiltTensor(tensors: ReadonlyMap<string, StoredTensor>): string | undefined {
  for (const [name, { dtype, bytes }] of tensors) {
    if (dtype !== 'F32') continue;
    const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return name;
  }
  return undefined;
}
