import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { formatNpy, parseIdx, parseNpy, readIdx, readNpy } from '../../src/data/index.js';
import { temporaryFolder } from './temporary.js';

const folder = temporaryFolder();

/** A .npy file as NumPy writes it. */
function npy(descr: string, shape: string, data: Uint8Array, { fortran = false, version = 1 } = {}): Buffer {
  const text = `{'descr': '${descr}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': ${shape}, }`.padEnd(117);
  const header = Buffer.from(`${text}\n`, version === 3 ? 'utf8' : 'latin1');
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  if (version === 1) length.writeUInt16LE(header.length);
  else length.writeUInt32LE(header.length);
  return Buffer.concat([Buffer.from([0x93, 78, 85, 77, 80, 89, version, 0]), length, header, data]);
}

const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const swapped = (array: ArrayBufferView, width: number) => {
  const bytes = Buffer.from(bytesOf(array));
  return width === 2 ? bytes.swap16() : width === 4 ? bytes.swap32() : bytes.swap64();
};

describe('.npy', () => {
  it.each<[string, string, Uint8Array, number[]]>([
    ['float32', '<f4', bytesOf(Float32Array.of(1.5, -2, 0.1)), [1.5, -2, Math.fround(0.1)]],
    ['float32 big-endian', '>f4', swapped(Float32Array.of(1.5, -2, 3), 4), [1.5, -2, 3]],
    ['float64', '<f8', bytesOf(Float64Array.of(0.1, 1e30, -3)), [0.1, 1e30, -3].map(Math.fround)],
    ['float16', '<f2', bytesOf(Uint16Array.of(0x3c00, 0xc500, 0x0001)), [1, -5, 2 ** -24]],
    ['int64', '<i8', bytesOf(BigInt64Array.of(1n, -2n, 2147483647n)), [1, -2, 2147483647]],
    ['int64 big-endian', '>i8', swapped(BigInt64Array.of(1n, -2n, 3n), 8), [1, -2, 3]],
    ['int16', '<i2', bytesOf(Int16Array.of(1, -300, 7)), [1, -300, 7]],
    ['uint16', '<u2', bytesOf(Uint16Array.of(1, 65535, 7)), [1, 65535, 7]],
    ['uint8', '|u1', Uint8Array.of(0, 255, 7), [0, 255, 7]],
    ['int8', '|i1', bytesOf(Int8Array.of(0, -128, 7)), [0, -128, 7]],
    ['boolean', '|b1', Uint8Array.of(0, 1, 1), [0, 1, 1]],
  ])('%s', (_, descr, data, expected) => {
    for (const version of [1, 2, 3]) {
      const array = parseNpy(npy(descr, '(3,)', data, { version }));
      expect(array.shape).toEqual([3]);
      expect(Array.from(array.data)).toEqual(expected);
    }
  });

  it('Fortran order becomes row-major', () => {
    // [[0, 1, 2], [3, 4, 5]] column by column, and a [2, 2, 2] counting along the last axis.
    expect(Array.from(parseNpy(npy('|u1', '(2, 3)', Uint8Array.of(0, 3, 1, 4, 2, 5), { fortran: true })).data)).toEqual(
      [0, 1, 2, 3, 4, 5],
    );
    const cube = parseNpy(npy('|u1', '(2, 2, 2)', Uint8Array.of(0, 4, 2, 6, 1, 5, 3, 7), { fortran: true }));
    expect(Array.from(cube.data)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('scalars, empty arrays and Python 2 shapes', () => {
    expect(parseNpy(npy('<f4', '()', bytesOf(Float32Array.of(7))))).toEqual({ data: Float32Array.of(7), shape: [] });
    expect(parseNpy(npy('<f4', '(0, 5)', new Uint8Array(0))).shape).toEqual([0, 5]);
    expect(parseNpy(npy('|u1', '(1L, 2L)', Uint8Array.of(1, 2))).shape).toEqual([1, 2]);
  });

  it('what we write, we read, plain or compressed', async () => {
    for (const data of [
      Float32Array.of(1, 2, 3, 4, 5, 6),
      Int32Array.of(-1, 2, 3, 4, 5, 6),
      Uint8Array.of(1, 2, 3, 4, 5, 6),
    ]) {
      for (const shape of [[6], [2, 3], [1, 2, 3]]) {
        const bytes = formatNpy({ data, shape });
        expect((bytes.length - data.byteLength) % 64).toBe(0);
        expect(parseNpy(bytes)).toEqual({ data, shape });
      }
    }
    const path = folder.write('a.npy.gz', gzipSync(formatNpy({ data: Uint8Array.of(9), shape: [1] })));
    expect((await readNpy(path)).data).toEqual(Uint8Array.of(9));
  });

  const good = npy('<f4', '(2,)', bytesOf(Float32Array.of(1, 2)));
  it.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(0), /bytes: is not a .npy file/],
    ['another file', Buffer.from('PK\u0003\u0004 a zip archive'), /is not a .npy file; check the path/],
    ['a future version', npy('<f4', '()', new Uint8Array(4), { version: 9 }), /format version 9/],
    ['a cut header', good.subarray(0, 40), /cut short within its header/],
    ['cut data', good.subarray(0, -1), /is cut short: shape \[2\] needs 8 bytes, there are 7/],
    ['data left over', Buffer.concat([good, Buffer.alloc(3)]), /has bytes left over/],
    ['objects', npy('|O', '(2,)', new Uint8Array(16)), /elements of type '\|O'.*astype/],
    ['text', npy('<U5', '(1,)', new Uint8Array(20)), /elements of type '<U5'/],
    ['complex numbers', npy('<c8', '(1,)', new Uint8Array(8)), /elements of type '<c8'/],
    ['a shape beyond all memory', npy('<f4', '(9999999, 9999999, 9999999)', new Uint8Array(4)), /too large/],
    [
      'large integers',
      npy('<i8', '(1,)', bytesOf(BigInt64Array.of(3_000_000_000n))),
      /holds 3000000000, which does not fit into int32/,
    ],
    ['no dictionary', npy('<f4', 'nonsense', new Uint8Array(4)), /header that cannot be read/],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => parseNpy(bytes)).toThrow(message);
  });
});

describe('IDX', () => {
  const idx = (type: number, shape: number[], data: Uint8Array) => {
    const header = Buffer.alloc(4 + 4 * shape.length);
    header.set([0, 0, type, shape.length]);
    shape.forEach((dimension, i) => {
      header.writeUInt32BE(dimension, 4 + 4 * i);
    });
    return Buffer.concat([header, data]);
  };

  it('reads all element types', () => {
    expect(parseIdx(idx(8, [2, 2], Uint8Array.of(1, 2, 3, 255)))).toEqual({
      data: Uint8Array.of(1, 2, 3, 255),
      shape: [2, 2],
    });
    expect(parseIdx(idx(9, [2], bytesOf(Int8Array.of(-1, 5)))).data).toEqual(Int32Array.of(-1, 5));
    expect(parseIdx(idx(11, [2], swapped(Int16Array.of(-300, 5), 2))).data).toEqual(Int32Array.of(-300, 5));
    expect(parseIdx(idx(12, [2], swapped(Int32Array.of(-70000, 5), 4))).data).toEqual(Int32Array.of(-70000, 5));
    expect(parseIdx(idx(13, [2], swapped(Float32Array.of(0.5, -2), 4))).data).toEqual(Float32Array.of(0.5, -2));
    expect(parseIdx(idx(14, [1], swapped(Float64Array.of(0.1), 8))).data).toEqual(Float32Array.of(0.1));
  });

  it('says what is wrong, with the name of the file', async () => {
    const good = idx(8, [2, 3], new Uint8Array(6));
    const at = (name: string, bytes: Uint8Array) => readIdx(folder.write(name, bytes));
    expect((await at('good.gz', gzipSync(good))).shape).toEqual([2, 3]);
    await expect(at('cut', good.subarray(0, 10))).rejects.toThrow(
      /cut: is cut short: 10 bytes cannot hold 2 dimensions/,
    );
    await expect(at('short', good.subarray(0, 15))).rejects.toThrow(
      /is cut short: shape \[2,3\] needs 6 bytes, there are 3/,
    );
    await expect(at('over', Buffer.concat([good, Buffer.alloc(1)]))).rejects.toThrow(/bytes left over/);
    await expect(at('other', Buffer.from('hello there'))).rejects.toThrow(/other: is not an IDX file; check the path/);
    await expect(at('lie', idx(8, [2 ** 31, 2 ** 31], new Uint8Array(1)))).rejects.toThrow(/too large|cut short/);
    await expect(at('cut.gz', gzipSync(good).subarray(0, 20))).rejects.toThrow(/cut\.gz: is not a whole gzip file/);
    await expect(
      readIdx(folder.write('bomb.gz', gzipSync(Buffer.alloc(2 ** 20))), { maximum: 2 ** 16 }),
    ).rejects.toThrow(/more than 65536 bytes when decompressed/);
    await expect(readIdx(folder.write('large', good), { maximum: 3 })).rejects.toThrow(/has 18 bytes, more than 3/);
    await expect(readIdx(folder.path)).rejects.toThrow(/is not a file/);
  });
});
