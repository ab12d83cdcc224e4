import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CrossmodalError } from '@crossmodal/core';
import { adam } from '@crossmodal/core/optimisers';
import { trainStep } from '@crossmodal/core/train';
import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type BytePixels,
  convolutionalEncoder,
  loadFrames,
  meanOverTime,
  transformerOverTime,
  type VideoItem,
  videoEncoder,
} from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend('cpu');

const folder = mkdtempSync(join(tmpdir(), 'crossmodal-video-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A frame of one grey value. */
const grey = (value: number, size = 8): BytePixels => ({
  data: new Uint8Array(size * size * 3).fill(value),
  shape: [size, size, 3],
});
const first = (frame: unknown) => (frame as BytePixels).data[0]!;

async function animated(format: 'gif' | 'webp', values: readonly number[]): Promise<Uint8Array> {
  const frames = Buffer.concat(values.map((value) => Buffer.from(grey(value).data)));
  const image = sharp(frames, { raw: { width: 8, height: 8 * values.length, channels: 3, pageHeight: 8 } });
  return format === 'gif' ? image.gif().toBuffer() : image.webp({ lossless: true }).toBuffer();
}

describe('loadFrames', () => {
  it.each(['gif', 'webp'] as const)('reads the frames of an animated %s in order, spread evenly', async (format) => {
    const bytes = await animated(format, [0, 50, 100, 150, 200, 250]);
    const all = await loadFrames(bytes, { count: 8 });
    expect(all.map(first)).toEqual([0, 50, 100, 150, 200, 250]);
    expect((all[0] as BytePixels).shape).toEqual([8, 8, 3]);
    expect((await loadFrames(bytes, { count: 3 })).map(first)).toEqual([50, 150, 250]);
    const path = join(folder, `clip.${format}`);
    writeFileSync(path, bytes);
    expect((await loadFrames(path, { count: 2 })).map(first)).toEqual([50, 200]);
  });

  it('reads a folder by the numbers in its names, and passes over what is no picture', async () => {
    const clip = mkdtempSync(join(folder, 'frames-'));
    for (const name of ['10.png', '9.png', '1.jfif', 'notes.txt', '._1.jfif']) writeFileSync(join(clip, name), 'x');
    expect(await loadFrames(clip, { count: 5 })).toEqual(['1.jfif', '9.png', '10.png'].map((name) => join(clip, name)));
    writeFileSync(join(clip, '11.bmp'), 'x');
    await expect(loadFrames(clip, { count: 5 })).rejects.toThrow(/11\.bmp is of a kind that is not read; convert it/);
  });

  it('takes a still picture as a clip of one frame, and lists as they are', async () => {
    const still = await sharp(Buffer.from(grey(7).data), { raw: { width: 8, height: 8, channels: 3 } })
      .png()
      .toBuffer();
    expect((await loadFrames(still, { count: 4 })).map(first)).toEqual([7]);
    expect((await loadFrames([grey(1), grey(2), grey(3), grey(4)], { count: 2 })).map(first)).toEqual([2, 4]);
  });

  it('names clips that have no frames, do not exist or are broken', async () => {
    const empty = mkdtempSync(join(folder, 'empty-'));
    await expect(loadFrames([], { count: 2 })).rejects.toThrow('the given list has no frames');
    await expect(loadFrames(empty, { count: 2 })).rejects.toThrow(`${empty} has no frames`);
    await expect(loadFrames(join(folder, 'none.gif'), { count: 2 })).rejects.toThrow('none.gif does not exist');
    await expect(loadFrames(new Uint8Array(40).fill(3), { count: 2 })).rejects.toBeInstanceOf(CrossmodalError);
    const cut = (await animated('gif', [0, 9])).subarray(0, 40);
    await expect(loadFrames(cut, { count: 2 })).rejects.toThrow('cannot be decoded');
    await expect(loadFrames([grey(1)], { count: 0 })).rejects.toThrow('count must be an integer of at least 1');
  });

  it('says that an animated PNG cannot be read', async () => {
    const png = await sharp(Buffer.from(grey(7).data), { raw: { width: 8, height: 8, channels: 3 } })
      .png()
      .toBuffer();
    const control = Buffer.from('\0\0\0\x08acTL\0\0\0\x02\0\0\0\0\0\0\0\0', 'latin1');
    const bytes = Buffer.concat([png.subarray(0, 33), control, png.subarray(33)]);
    await expect(loadFrames(bytes, { count: 2 })).rejects.toThrow('animated PNG');
  });
});

const require = createRequire(import.meta.url);
const hasPeer = ((): boolean => {
  try {
    require.resolve('@mediabunny/server');
    return true;
  } catch {
    return false;
  }
})();

describe.each(['webm', 'mp4'])('a video file (%s)', (format) => {
  const path = fileURLToPath(new URL(`video/ten-frames.${format}`, import.meta.url));

  it.runIf(hasPeer)('gives its frames in order (needs mediabunny and @mediabunny/server)', async () => {
    // Ten frames of 64 x 64 whose red grows by 25 from frame to frame.
    const frames = await loadFrames(path, { count: 5 });
    expect((frames[0] as BytePixels).shape).toEqual([64, 64, 3]);
    for (const [i, red] of frames.map(first).entries()) expect(Math.abs(red - 25 * (2 * i + 1))).toBeLessThan(12);
    await expect(loadFrames(readFileSync(path).subarray(0, 300), { count: 5 })).rejects.toThrow('cannot be decoded');
  });

  it.skipIf(hasPeer)('names the packages that are missing', async () => {
    await expect(loadFrames(path, { count: 5 })).rejects.toThrow('is a video file, which needs two more packages');
    await expect(loadFrames(path, { count: 5 })).rejects.toMatchObject({
      remedy: expect.stringContaining('npm install mediabunny @mediabunny/server'),
    });
  });
});

const frameEncoder = () => convolutionalEncoder({ size: 8, channels: [4, 8], dimension: 8, seed: 1 });
const clip = (...values: number[]): VideoItem => values.map((value) => grey(value));

describe('videoEncoder', () => {
  it('is the mean of the vectors of its frames, padding left out', async () => {
    const frames = frameEncoder();
    const video = videoEncoder({ frames, length: 4, pooling: meanOverTime(), seed: 1 });
    const inputs = await video.prepare([clip(0, 80, 160, 240), clip(30, 90)]);
    expect(inputs['pixels']!.shape).toEqual([2, 4, 8, 8, 3]);
    const single = async (values: number[]) => frames.encode(await frames.prepare(values.map((value) => grey(value))));
    const expected = [await single([0, 80, 160, 240]), await single([30, 90])].map((rows) => tf.mean(rows, 0));
    expect(video.encode(inputs)).toBeAllclose(tf.stack(expected), { rtol: 1e-4, atol: 1e-5 });
    const { sequence, mask } = video.encodeSequence!(inputs);
    expect(sequence.shape).toEqual([2, 4, 8]);
    expect(mask!).toBeAllclose([
      [1, 1, 1, 1],
      [1, 1, 0, 0],
    ]);
  });

  it('knows what came first with a Transformer over time, and not with the mean', async () => {
    const difference = async (video: ReturnType<typeof videoEncoder>) => {
      const [there, back] = [clip(0, 80, 160, 240), clip(240, 160, 80, 0)];
      const vectors = video.encode(await video.prepare([there, back])) as Tensor2D;
      const [a, b] = tf.split(vectors, 2, 0);
      return tf.max(tf.abs(tf.sub(a!, b!))).dataSync()[0]!;
    };
    const options = { length: 4, seed: 1 };
    expect(
      await difference(videoEncoder({ ...options, frames: frameEncoder(), pooling: meanOverTime() })),
    ).toBeLessThan(1e-5);
    expect(
      await difference(
        videoEncoder({ ...options, frames: frameEncoder(), pooling: transformerOverTime({ layers: 1 }) }),
      ),
    ).toBeGreaterThan(1e-3);
  });

  it('does not depend on what fills up a short clip', async () => {
    const video = videoEncoder({ frames: frameEncoder(), length: 4, seed: 1 });
    const inputs = await video.prepare([clip(30, 90)]);
    const other = {
      ...inputs,
      pixels: tf.concat([tf.slice(inputs['pixels']!, [0, 0], [1, 2]), tf.ones([1, 2, 8, 8, 3])], 1),
    };
    expect(video.encode(other)).toBeAllclose(video.encode(inputs), { rtol: 1e-4, atol: 1e-5 });
  });

  it('trains frames and time in a compiled step, frees everything, and has stable names', async () => {
    const video = videoEncoder({
      frames: frameEncoder(),
      length: 3,
      pooling: transformerOverTime({ layers: 1 }),
      seed: 1,
    });
    const names = Object.keys(video.namedVariables());
    expect(names).toContain('frames/stage1_block1_convolution/kernel');
    expect(names).toContain('time/positions/positions');
    const inputs = await video.prepare([clip(0, 80, 160), clip(160, 80, 0)]);
    const step = trainStep<{ inputs: typeof inputs }>(
      {
        loss: (batch) => {
          const [a, b] = tf.split(video.encode(batch.inputs, { training: true }), 2, 0);
          return tf.exp(tf.neg(tf.mean(tf.squaredDifference(a!, b!)))) as tf.Scalar; // rising and falling move apart
        },
        variables: () => video.namedVariables(),
      },
      { optimizer: adam({ learningRate: 1e-2 }) },
    );
    const losses: number[] = [];
    for (let i = 0; i < 30; i++) losses.push((await step.run({ inputs })['loss']!.data())[0]!);
    expect(losses.at(-1)!).toBeLessThan(losses[0]! - 0.3);
    await expectNoLeak(() => video.encode(inputs));
    await expectNoLeak(() => video.prepare([clip(1, 2)]));
    await expectNoLeakWhenThrowing(() => video.prepare([[]]), /frame/);
    const before = tf.memory().numTensors;
    step.dispose();
    video.dispose();
    expect(tf.memory().numTensors).toBeLessThan(before);
  });

  it('refuses empty clips, other lengths and wrong options', async () => {
    const video = videoEncoder({ frames: frameEncoder(), length: 4, seed: 1 });
    await expect(video.prepare([clip(1), []])).rejects.toThrow('has no frames');
    await expect(video.prepare([])).rejects.toThrow('at least one clip, got none');
    expect(() => video.encode({ pixels: tf.zeros([1, 4, 8, 8, 3]) })).toThrow('frameMask [batch, 4], got none');
    expect(() => video.encode({ pixels: tf.zeros([1, 3, 8, 8, 3]), frameMask: tf.ones([1, 4]) })).toThrow(
      'pixels must be [1, 4, ...], got [1,3,8,8,3]',
    );
    const frames = frameEncoder();
    expect(() => videoEncoder({ frames, length: 0, seed: 1 })).toThrow('length must be an integer of at least 1');
    expect(() => videoEncoder({ frames, length: 4 } as never)).toThrow('seed must be an integer');
    expect(() => videoEncoder({ frames, length: 4, seed: 1, frame: 2 } as never)).toThrow("did you mean 'frames'?");
    expect(() => videoEncoder({ frames, length: 4, seed: 1, pooling: transformerOverTime({ heads: 3 }) })).toThrow(
      'heads must divide the dimension of the frames, got 3 and 8',
    );
  });
});
