import { CrossmodalError } from '../errors.js';
import { repeatedKey } from '../repeated-key.js';
import { dtypeBits, isDtype, type SafetensorsDtype } from './dtypes.js';

/** Where a tensor lies within the data of the file. */
export interface TensorEntry {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly metadata: ReadonlyMap<string, string>;
  /** In the order of the data. */
  readonly entries: ReadonlyMap<string, TensorEntry>;
  /** Where the data starts in the file. */
  readonly dataStart: number;
}

/** The reference implementation's bound on the header. */
export const maximumHeaderLength = 100_000_000;

/** Refuses with the file and the reason. */
export function malformed(source: string, reason: string, cause?: unknown): CrossmodalError {
  return new CrossmodalError(`${source}: not a valid safetensors file: ${reason}`, { cause });
}

/** The length of the header from the first eight bytes, bounded by what the file can hold. */
export function headerLength(start: Uint8Array, fileSize: number, source: string): number {
  if (start.length < 8 || fileSize < 8)
    throw malformed(source, `it has ${fileSize} bytes, the length of the header alone needs 8`);
  const length = new DataView(start.buffer, start.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(maximumHeaderLength)) {
    throw malformed(source, `its header claims ${length} bytes, more than ${maximumHeaderLength}`);
  }
  if (length > BigInt(fileSize - 8)) {
    throw malformed(source, `its header claims ${length} bytes, the file has ${fileSize - 8} behind the length`);
  }
  return Number(length);
}

/**
 * Checks a header in full: JSON of the right form, known types, sizes that follow from the shapes, and ranges that cover the
 * data without gap or overlap.
 *
 * @param text the bytes of the header
 * @param dataLength how many bytes of data follow
 * @throws CrossmodalError with the file and the first thing that is wrong
 */
export function parseHeader(text: Uint8Array, dataLength: number, source: string): SafetensorsHeader {
  const fields = Object.entries(parseObject(text, source));
  const metadata = new Map<string, string>();
  const entries: [string, TensorEntry][] = [];
  for (const [name, value] of fields) {
    if (/\p{Surrogate}/u.test(name)) throw malformed(source, `the name ${JSON.stringify(name)} is not valid Unicode`);
    if (name === '__metadata__') readMetadata(value, metadata, source);
    else entries.push([name, readEntry(name, value, source)]);
  }
  entries.sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const [name, { dtype, shape, begin, end }] of entries) {
    const label = `tensor ${JSON.stringify(name)}`;
    if (begin !== covered || end < begin) {
      throw malformed(source, `${label} lies at [${begin}, ${end}), where ${covered} was expected as its start`);
    }
    const size = byteSize(dtype, shape);
    if (size !== end - begin) {
      throw malformed(
        source,
        `${label} of type ${dtype} and shape [${shape}] needs ${size ?? 'too many'} bytes, its range has ${end - begin}`,
      );
    }
    covered = end;
  }
  if (covered !== dataLength) {
    throw malformed(source, `its tensors need ${covered} bytes of data, the file has ${dataLength}`);
  }
  return { metadata, entries: new Map(entries), dataStart: 8 + text.length };
}

function parseObject(text: Uint8Array, source: string): object {
  let header: string;
  try {
    header = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text);
  } catch (error) {
    throw malformed(source, 'its header is not UTF-8', error);
  }
  let value: unknown;
  try {
    value = JSON.parse(header);
  } catch (error) {
    throw malformed(source, 'its header is not JSON', error);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed(source, 'its header is not a JSON object');
  }
  // JSON.parse keeps the last of several values of one key; another reader may keep the first, and read another model.
  const twice = repeatedKey(header);
  if (twice !== undefined) throw malformed(source, `its header has the key ${JSON.stringify(twice)} twice`);
  // JSON.parse cannot tell 16 from 16.0, the format can.
  if (/\d[.eE]/.test(header.replace(/"(?:[^"\\]|\\.)*"/g, '""'))) {
    throw malformed(source, 'its header has a number that is not written as an integer');
  }
  return value;
}

function readMetadata(value: unknown, metadata: Map<string, string>, source: string): void {
  if (value === null) return;
  if (typeof value !== 'object' || Array.isArray(value)) throw malformed(source, '__metadata__ is not an object');
  for (const [key, text] of Object.entries(value as object)) {
    if (typeof text !== 'string')
      throw malformed(source, `__metadata__ has a value that is not a text, under ${JSON.stringify(key)}`);
    metadata.set(key, text);
  }
}

function readEntry(name: string, value: unknown, source: string): TensorEntry {
  const label = `tensor ${JSON.stringify(name)}`;
  if (typeof value !== 'object' || value === null) throw malformed(source, `${label} is not an object`);
  const { dtype, shape, data_offsets: offsets } = value as Record<string, unknown>;
  if (!isDtype(dtype)) throw malformed(source, `${label} has the unknown type ${JSON.stringify(dtype)}`);
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    throw malformed(source, `${label} has the shape ${JSON.stringify(shape)}, which is not a list of sizes`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw malformed(source, `${label} has the range ${JSON.stringify(offsets)}, which is not a pair of offsets`);
  }
  return { dtype, shape: shape as number[], begin: offsets[0] as number, end: offsets[1] as number };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Bytes of a tensor, or undefined when they are no whole number or beyond any file. */
export function byteSize(dtype: SafetensorsDtype, shape: readonly number[]): number | undefined {
  const bits = shape.reduce((product, size) => product * BigInt(size), BigInt(dtypeBits[dtype]));
  if (bits % 8n !== 0n || bits / 8n > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  return Number(bits / 8n);
}
