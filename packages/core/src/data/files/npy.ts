import { assertKnownOptions } from '../../known-options.js';
import { type HostArray, type HostValues, sizeOfShape } from '../host-array.js';
import { fileError } from './file-error.js';
import { lostByRounding, roundingRemedy } from './float64.js';
import { type ReadBytesOptions, readBytes } from './read-bytes.js';

type Reader = (view: DataView, at: number, little: boolean) => number;

/** Kinds of elements by NumPy's letter and size, and what they become here. */
const kinds: Record<string, { width: number; target: 'float' | 'integer' | 'byte'; read: Reader }> = {
  f2: { width: 2, target: 'float', read: (view, at, little) => halfToNumber(view.getUint16(at, little)) },
  f4: { width: 4, target: 'float', read: (view, at, little) => view.getFloat32(at, little) },
  f8: { width: 8, target: 'float', read: (view, at, little) => view.getFloat64(at, little) },
  i1: { width: 1, target: 'integer', read: (view, at) => view.getInt8(at) },
  i2: { width: 2, target: 'integer', read: (view, at, little) => view.getInt16(at, little) },
  i4: { width: 4, target: 'integer', read: (view, at, little) => view.getInt32(at, little) },
  i8: { width: 8, target: 'integer', read: (view, at, little) => Number(view.getBigInt64(at, little)) },
  u1: { width: 1, target: 'byte', read: (view, at) => view.getUint8(at) },
  u2: { width: 2, target: 'integer', read: (view, at, little) => view.getUint16(at, little) },
  u4: { width: 4, target: 'integer', read: (view, at, little) => view.getUint32(at, little) },
  u8: { width: 8, target: 'integer', read: (view, at, little) => Number(view.getBigUint64(at, little)) },
  b1: { width: 1, target: 'byte', read: (view, at) => Number(view.getUint8(at) !== 0) },
};

/**
 * The array of a NumPy `.npy` file (versions 1 to 3). float16 and float64 become float32, other integers int32, bytes and
 * booleans stay bytes; Fortran order becomes row-major. Fractions of float64 are rounded; numbers that float32 cannot hold, and an array of
 * whole numbers that it would round (identifiers that went through a column of floats), are refused.
 *
 * @throws CrossmodalError naming the file: it cannot be read, is no .npy file, is cut short, has bytes left over, holds
 * objects, text or complex numbers, or integers that int32 cannot hold.
 * @see numpy.lib.format
 * @example const { data, shape } = await readNpy('features.npy');
 */
export async function readNpy(path: string, options: ReadBytesOptions = {}): Promise<HostArray> {
  assertKnownOptions('readNpy', options, ['maximum']);

  return parseNpy(await readBytes('readNpy', path, options), path);
}

/**
 * The same from bytes that are in memory; `name` is what messages call them.
 *
 * @example
 * const { data, shape } = parseNpy(formatNpy({ data: Float32Array.of(1, 2), shape: [2] }));
 */
export function parseNpy(bytes: Uint8Array, name = 'bytes'): HostArray {
  const fail = (problem: string, remedy = 'get the file again') => fileError('readNpy', name, problem, remedy);
  const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
  if (bytes.length < 10 || magic.some((byte, i) => bytes[i] !== byte))
    throw fail('is not a .npy file', 'check the path');
  const version = bytes[6] as number;
  if (version < 1 || version > 3)
    throw fail(`has format version ${version}, versions 1 to 3 are read`, 'save it again with numpy.save');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (version > 1 && bytes.length < 12) throw fail('is cut short within its header');
  const [length, after] = version === 1 ? [view.getUint16(8, true), 10] : [view.getUint32(8, true), 12];
  const start = after + length;
  if (bytes.length < start) throw fail('is cut short within its header');
  const header = new TextDecoder().decode(bytes.subarray(after, start));
  const described = /'descr'\s*:\s*'([<>|=])([a-zA-Z])(\d{1,3})'/.exec(header);
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(header);
  const dimensions = /'shape'\s*:\s*\(([\d\s,L]*)\)/.exec(header);
  if (!order || !dimensions) throw fail('has a header that cannot be read');
  const kind = described && kinds[`${described[2]}${described[3]}`];
  if (!kind) {
    const given = /'descr'\s*:\s*([^\n]{1,60}?),\s*'/.exec(header)?.[1] ?? 'none';
    throw fail(
      `holds elements of type ${given}, only numbers and booleans are read`,
      'convert it with astype(numpy.float32)',
    );
  }
  const shape = (dimensions[1] as string).split(',').flatMap((part) => {
    const digits = part.replace('L', '').trim();
    return digits === '' ? [] : [Number(digits)];
  });
  const size = sizeOfShape(`readNpy: ${name}`, shape);
  if (bytes.length - start !== size * kind.width) {
    const state = bytes.length - start < size * kind.width ? 'is cut short' : 'has bytes left over';
    throw fail(`${state}: shape [${shape}] needs ${size * kind.width} bytes, there are ${bytes.length - start}`);
  }
  const Values = { float: Float32Array, integer: Int32Array, byte: Uint8Array }[kind.target];
  const data: HostValues = new Values(size);
  const little = described[1] !== '>';
  for (let i = 0; i < size; i++) {
    const value = kind.read(view, start + i * kind.width, little);
    if (kind.target === 'integer' && value !== (value | 0)) {
      throw fail(`holds ${value}, which does not fit into int32`, 'convert it with astype(numpy.float32)');
    }
    data[i] = value;
  }
  if (kind === kinds['f8']) {
    const lost = lostByRounding(size, (i) => view.getFloat64(start + 8 * i, little));
    if (lost !== undefined) throw fail(`holds ${lost}, which does not fit into float32`, roundingRemedy);
  }
  return { data: order[1] === 'True' ? rowMajor(data, shape) : data, shape };
}

/** The bytes of a `.npy` file (version 1, little-endian). @example await writeFile('a.npy', formatNpy(array)); */
export function formatNpy({ data, shape }: HostArray): Uint8Array {
  const type = data instanceof Float32Array ? '<f4' : data instanceof Int32Array ? '<i4' : '|u1';
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${tuple}), }`;
  const header = `${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`;
  const prefix = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]);
  return Buffer.concat([
    prefix,
    Buffer.from(header, 'latin1'),
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  ]);
}

function rowMajor(data: HostValues, shape: readonly number[]): HostValues {
  const out = data.slice();
  const rank = shape.length;
  const index = new Array<number>(rank).fill(0);
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((a, b) => a * b, 1));
  for (let i = 0; i < data.length; i++) {
    let from = 0;
    for (let axis = 0; axis < rank; axis++) from += (index[axis] as number) * (strides[axis] as number);
    out[i] = data[from] as number;
    for (let axis = rank - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (shape[axis] as number)) break;
      index[axis] = 0;
    }
  }
  return out;
}

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
