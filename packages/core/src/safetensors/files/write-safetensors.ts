import { Tensor } from '@tensorflow/tfjs-core';
import { writeAtomically } from '../../checkpoint/atomic-write.js';
import { assertKnownOptions } from '../../known-options.js';
import { fromTensor } from '../tensors.js';
import type { StoredTensor } from '../values.js';
import { type StoredTensors, safetensorsPieces } from '../write.js';

/**
 * Writes a safetensors file; at no moment is a half-written one under its name.
 *
 * @throws CrossmodalError when a tensor cannot be stored; the file system's error when it cannot be written
 * @example
 * await writeSafetensors('weights.safetensors', namedVariables(model));
 */
export async function writeSafetensors(
  path: string,
  tensors: StoredTensors | Readonly<Record<string, Tensor>>,
  options: { metadata?: Readonly<Record<string, string>> } = {},
): Promise<void> {
  assertKnownOptions('writeSafetensors', options, ['metadata']);
  const stored = new Map<string, StoredTensor>();
  const entries = tensors instanceof Map ? [...tensors] : Object.entries(tensors);
  for (const [name, tensor] of entries as [string, StoredTensor | Tensor][]) {
    stored.set(name, tensor instanceof Tensor ? await fromTensor(tensor) : tensor);
  }
  await writeAtomically(path, safetensorsPieces(stored, options));
}
