import { describe, expect, it } from 'vitest';
import { decodeImage, encodePng, encodePngGrid } from '../src/index.js';

const picture = (value: number) => ({ data: new Float32Array(6).fill(value), shape: [2, 1, 3] as const });

describe('encodePng', () => {
  it('gives what decoding gives back', async () => {
    const data = Uint8Array.from({ length: 2 * 3 * 3 }, (_, i) => 13 * i);
    const file = await encodePng({ data, shape: [2, 3, 3] });
    const decoded = await decodeImage(file);
    expect(decoded.shape).toEqual([2, 3, 3]);
    expect([...decoded.data]).toEqual([...data]);
  });

  it('takes grey pictures, and clips what is too dark or too light', async () => {
    const file = await encodePng({ data: Float32Array.from([-1, 0.5, 2]), shape: [1, 3, 1] });
    expect([...(await decodeImage(file)).data]).toEqual([0, 0, 0, 128, 128, 128, 255, 255, 255]);
  });

  it('names what is wrong', async () => {
    await expect(encodePng({ data: new Float32Array(2), shape: [1, 1, 2] })).rejects.toThrow(
      'encodePng: pictures have 1 or 3 channels, got [1,1,2]',
    );
    await expect(encodePng({ data: new Float32Array([Number.NaN]), shape: [1, 1, 1] })).rejects.toThrow(
      'must be finite',
    );
  });
});

describe('encodePngGrid', () => {
  it('puts pictures beside and below one another, with gaps and empty places', async () => {
    const file = await encodePngGrid([picture(0), picture(0.2), picture(0.4)], { columns: 2, gap: 1 });
    const { data, shape } = await decodeImage(file);
    expect(shape).toEqual([7, 5, 3]);
    const red = Array.from({ length: 7 }, (_, y) => Array.from({ length: 5 }, (_unused, x) => data[(y * 5 + x) * 3]));
    const w = 255;
    expect(red).toEqual([
      [w, w, w, w, w],
      [w, 0, w, 51, w],
      [w, 0, w, 51, w],
      [w, w, w, w, w],
      [w, 102, w, w, w],
      [w, 102, w, w, w],
      [w, w, w, w, w],
    ]);
  });

  it('is no wider than it has pictures', async () => {
    const { shape } = await decodeImage(await encodePngGrid([picture(0)], { gap: 0, background: 0 }));
    expect(shape).toEqual([2, 1, 3]);
  });

  it('names what is wrong', async () => {
    await expect(encodePngGrid([])).rejects.toThrow('one picture or more of one shape are needed, got none');
    const other = { data: new Float32Array(1), shape: [1, 1, 1] as const };
    await expect(encodePngGrid([picture(0), other])).rejects.toThrow('got [2,1,3] and [1,1,1]');
    await expect(encodePngGrid([other], { columns: 0 })).rejects.toThrow('columns must be an integer of at least 1');
  });
});
