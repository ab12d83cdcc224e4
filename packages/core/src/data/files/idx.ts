import { assertKnownOptions } from '../../known-options.js';
import { type HostArray, sizeOfShape } from '../host-array.js';
import { fileError } from './file-error.js';
import { lostByRounding, roundingRemedy } from './float64.js';
import { type ReadBytesOptions, readBytes } from './read-bytes.js';

type Element = 'u8' | 'i8' | 'i16' | 'i32' | 'f32' | 'f64';

const elements: Record<number, [element: Element, bytes: number]> = {
  8: ['u8', 1],
  9: ['i8', 1],
  11: ['i16', 2],
  12: ['i32', 4],
  13: ['f32', 4],
  14: ['f64', 8],
};

/**
 * The array of an IDX file, MNIST's format: two zero bytes, the type of element, the number of dimensions, the dimensions,
 * the elements, all big-endian. Compressed files are decompressed; float64 is rounded to float32.
 *
 * @throws CrossmodalError naming the file: it cannot be read, is no IDX file, is cut short, has bytes left over, is too large, or holds
 * numbers that float32 cannot hold.
 * @see yann.lecun.com/exdb/mnist, "The IDX file format"
 * @example const { data, shape } = await readIdx('train-images-idx3-ubyte.gz'); // shape [60000, 28, 28]
 */
export async function readIdx(path: string, options: ReadBytesOptions = {}): Promise<HostArray> {
  assertKnownOptions('readIdx', options, ['maximum']);

  return parseIdx(await readBytes('readIdx', path, options), path);
}

/**
 * The same from bytes that are in memory; `name` is what messages call them.
 *
 * @example
 * const { shape } = parseIdx(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9)); // [3]; the data are 7, 8, 9
 */
export function parseIdx(bytes: Uint8Array, name = 'bytes'): HostArray {
  const fail = (problem: string, remedy = 'get the file again') => fileError('readIdx', name, problem, remedy);
  const kind = elements[bytes[2] ?? 0];
  const rank = bytes[3] ?? 0;
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0 || !kind) throw fail('is not an IDX file', 'check the path');
  const [element, width] = kind;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = 4 + 4 * rank;
  if (bytes.length < start) throw fail(`is cut short: ${bytes.length} bytes cannot hold ${rank} dimensions`);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const size = sizeOfShape(`readIdx: ${name}`, shape);
  if (bytes.length - start !== size * width) {
    const state = bytes.length - start < size * width ? 'is cut short' : 'has bytes left over';
    throw fail(`${state}: shape [${shape}] needs ${size * width} bytes, there are ${bytes.length - start}`);
  }
  if (element === 'f64') {
    const lost = lostByRounding(size, (i) => view.getFloat64(start + 8 * i));
    if (lost !== undefined) throw fail(`holds ${lost}, which does not fit into float32`, roundingRemedy);
  }
  return { data: values(element, bytes, view, start, size), shape };
}

function values(element: Element, bytes: Uint8Array, view: DataView, start: number, size: number): HostArray['data'] {
  if (element === 'u8') return new Uint8Array(bytes.subarray(start, start + size));
  const read: Record<Exclude<Element, 'u8'>, (i: number) => number> = {
    i8: (i) => view.getInt8(start + i),
    i16: (i) => view.getInt16(start + 2 * i),
    i32: (i) => view.getInt32(start + 4 * i),
    f32: (i) => view.getFloat32(start + 4 * i),
    f64: (i) => view.getFloat64(start + 8 * i),
  };
  const data = element === 'f32' || element === 'f64' ? new Float32Array(size) : new Int32Array(size);
  for (let i = 0; i < size; i++) data[i] = read[element](i);
  return data;
}
