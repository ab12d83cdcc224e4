import { CrossmodalError } from '@crossmodal/core';
import type { BytePixels } from '../image.js';
import { evenly } from './evenly.js';

/** The little of `mediabunny` that is used; it is an optional peer. */
interface Mediabunny {
  Input: new (options: {
    source: unknown;
    formats: unknown;
  }) => {
    getPrimaryVideoTrack(): Promise<unknown>;
    dispose?(): void;
  };
  BufferSource: new (bytes: Uint8Array) => unknown;
  VideoSampleSink: new (track: unknown) => { samples(): AsyncIterable<VideoSample> };
  ALL_FORMATS: unknown;
}

interface VideoSample {
  readonly displayWidth: number;
  readonly displayHeight: number;
  allocationSize(options: { format: 'RGBA' }): number;
  copyTo(to: Uint8Array, options: { format: 'RGBA' }): Promise<unknown>;
  close(): void;
}

/** Whether the bytes begin like an mp4, mov, webm or mkv file. */
export function isVideoFile(bytes: Uint8Array): boolean {
  const text = String.fromCharCode(...bytes.subarray(0, 12));
  return text.slice(4, 8) === 'ftyp' || text.startsWith('\x1aE\xdf\xa3');
}

/** Frames of an mp4 or webm file, spread evenly. All are decoded, as most frames need those before; few are held. */
export async function videoFileFrames(bytes: Uint8Array, name: string, count: number): Promise<BytePixels[]> {
  const { Input, BufferSource, VideoSampleSink, ALL_FORMATS } = await loadMediabunny(name);
  const input = new Input({ source: new BufferSource(bytes), formats: ALL_FORMATS });
  try {
    const track = await input.getPrimaryVideoTrack();
    if (!track) throw new Error('it has no video track');
    const sink = new VideoSampleSink(track);
    let total = 0;
    for await (const sample of sink.samples()) {
      total++;
      sample.close();
    }
    if (total === 0) throw new Error('it has no whole frame');
    const wanted = new Set(evenly(total, count));
    const frames: BytePixels[] = [];
    let place = 0;
    for await (const sample of sink.samples()) {
      try {
        if (wanted.has(place++)) frames.push(await pixelsOf(sample));
      } finally {
        sample.close();
      }
    }
    return frames;
  } catch (cause) {
    const problem = (cause as Error).message.replace(/\s+/g, ' ').trim();
    throw new CrossmodalError(`loadFrames: ${name} cannot be decoded: ${problem}`, {
      remedy: 'check that it is a whole mp4 or webm file',
      cause,
    });
  } finally {
    input.dispose?.();
  }
}

async function pixelsOf(sample: VideoSample): Promise<BytePixels> {
  const { displayHeight: height, displayWidth: width } = sample;
  const rgba = new Uint8Array(sample.allocationSize({ format: 'RGBA' }));
  await sample.copyTo(rgba, { format: 'RGBA' });
  if (rgba.length !== height * width * 4) {
    throw new Error(
      `a frame of ${width} x ${height} has ${rgba.length} bytes; turned and stretched videos are not read`,
    );
  }
  const data = new Uint8Array(height * width * 3);
  for (let i = 0; i < data.length; i++) data[i] = rgba[Math.floor(i / 3) * 4 + (i % 3)]!;
  return { data, shape: [height, width, 3] };
}

let registered = false;

async function loadMediabunny(name: string): Promise<Mediabunny> {
  // Through a variable, so that bundlers do not demand what is optional.
  const [library, server] = ['mediabunny', '@mediabunny/server'];
  try {
    const loaded = (await import(library)) as unknown as Mediabunny;
    const { registerMediabunnyServer } = (await import(server)) as {
      registerMediabunnyServer: (options: { hardwareContext: null }) => void;
    };
    // On the processor: looking for graphics cards writes to the console where there are none.
    if (!registered) registerMediabunnyServer({ hardwareContext: null });
    registered = true;
    return loaded;
  } catch (cause) {
    throw new CrossmodalError(`loadFrames: ${name} is a video file, which needs two more packages`, {
      remedy: 'npm install mediabunny @mediabunny/server, or give a folder of pictures or an animated WebP or GIF',
      cause,
    });
  }
}
