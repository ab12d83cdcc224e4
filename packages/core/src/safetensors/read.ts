import { assertKnownOptions } from '../known-options.js';
import { headerLength, parseHeader } from './header.js';
import type { StoredTensor } from './values.js';

/** A file's tensors, all in memory. */
export interface SafetensorsFile {
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/**
 * Checks and splits the bytes of a safetensors file. The tensors are views of `bytes`.
 *
 * @param options.source what the errors call the file
 * @throws CrossmodalError with the source and the reason when anything is wrong
 * @example
 * const { tensors } = parseSafetensors(await readFile('model.safetensors'), { source: 'model.safetensors' });
 */
export function parseSafetensors(
  bytes: Uint8Array,
  {
    source = 'parseSafetensors',
    ...others
  }: {
    /** @default 'parseSafetensors' */
    source?: string;
  } = {},
): SafetensorsFile {
  assertKnownOptions('parseSafetensors', others, ['source']);
  const length = headerLength(bytes.subarray(0, 8), bytes.length, source);
  const header = parseHeader(bytes.subarray(8, 8 + length), bytes.length - 8 - length, source);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, { dtype, shape, begin, end }] of header.entries) {
    tensors.set(name, { dtype, shape, bytes: bytes.subarray(header.dataStart + begin, header.dataStart + end) });
  }
  return { metadata: header.metadata, tensors };
}
