import type { TensorEntry } from '../safetensors/header.js';
import type { StoredTensor } from '../safetensors/values.js';

/** The tensors of a model's files, read one at a time. */
export interface StoredWeights {
  /** How messages call the file, or the index of several. */
  readonly label: string;
  /** Types and shapes by name, file by file, in the order of the data. */
  readonly entries: ReadonlyMap<string, Pick<TensorEntry, 'dtype' | 'shape'>>;
  read(name: string): Promise<StoredTensor>;
}
