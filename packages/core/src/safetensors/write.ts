import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import { compareDtypes } from './dtypes.js';
import { byteSize, maximumHeaderLength } from './header.js';
import type { StoredTensor } from './values.js';

export type StoredTensors = ReadonlyMap<string, StoredTensor> | Readonly<Record<string, StoredTensor>>;

/**
 * A safetensors file as the pieces to write one after the other: length, header, and each tensor's bytes. Tensors are
 * ordered by type, larger ones first, then by name, as the reference implementation does, so that all are aligned.
 *
 * @throws CrossmodalError when a tensor has another number of bytes than its shape needs
 * @example
 * const pieces = safetensorsPieces(new Map([['w', await fromTensor(tf.scalar(1))]]), { metadata: { format: 'pt' } });
 * const bytes = Buffer.concat(pieces);
 */
export function safetensorsPieces(
  tensors: StoredTensors,
  {
    metadata = {},
    ...others
  }: {
    /** @default {} */
    metadata?: Readonly<Record<string, string>>;
  } = {},
): Uint8Array[] {
  assertKnownOptions('safetensorsPieces', others, ['metadata']);
  const list =
    tensors instanceof Map
      ? [...(tensors as ReadonlyMap<string, StoredTensor>)]
      : Object.entries(tensors as Record<string, StoredTensor>);
  list.sort(([a, x], [b, y]) => compareDtypes(x.dtype, y.dtype) || compareText(a, b));
  const header = new Map<string, unknown>();
  if (Object.keys(metadata).length > 0) header.set('__metadata__', metadata);
  let at = 0;
  for (const [name, { dtype, shape, bytes }] of list) {
    const size = byteSize(dtype, shape);
    if (size !== bytes.length || name === '__metadata__') {
      throw new CrossmodalError(
        `safetensors: tensor '${name}' of type ${dtype} and shape [${shape}] needs ${size} bytes, got ${bytes.length}`,
      );
    }
    header.set(name, { dtype, shape, data_offsets: [at, at + size] });
    at += size;
  }
  // Written by hand: an object would lose a tensor called __proto__ and reorder names that look like numbers.
  const fields = [...header].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  const text = `{${fields.join(',')}}`;
  const encoder = new TextEncoder();
  const padded = encoder.encode(text + ' '.repeat((8 - (encoder.encode(text).length % 8)) % 8));
  if (padded.length > maximumHeaderLength) {
    throw new CrossmodalError(
      `safetensors: the header would have ${padded.length} bytes, more than ${maximumHeaderLength}`,
    );
  }
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(padded.length), true);
  return [length, padded, ...list.map(([, { bytes }]) => bytes)];
}

/** By code points of the UTF-8 form, as the reference implementation compares names. */
function compareText(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)];
  const place = left.findIndex((character, i) => character !== right[i]);
  if (place < 0) return left.length - right.length;
  return place < right.length ? left[place]!.codePointAt(0)! - right[place]!.codePointAt(0)! : 1;
}
