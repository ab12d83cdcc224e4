import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cached, padded, pipeline } from '@crossmodal/core/data';
import '@tensorflow/tfjs-backend-cpu';
import { afterAll, describe, expect, it } from 'vitest';
import { decode } from '../src/audio-worker.js';
import { audioDecoder, encodeWav, logMel, mfcc, readWav, resample } from '../src/index.js';

const folder = mkdtempSync(join(tmpdir(), 'crossmodal-'));
const tone = (length: number) =>
  Float32Array.from({ length }, (_, t) => 0.4 * Math.sin(t * 0.3) + 0.1 * Math.sin(t * 1.1));
const write = (name: string, content: Uint8Array) => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const path = write('tone.wav', encodeWav({ samples: tone(4000), sampleRate: 8000 }));
const decoders = {
  mel: audioDecoder({ workers: 1, sampleRate: 16000, features: 'logMel', mel: { bands: 20 } }),
};

afterAll(async () => {
  await Promise.all(Object.values(decoders).map((decoder) => decoder.close()));
  rmSync(folder, { recursive: true });
});

describe('audioDecoder', () => {
  it('gives on threads what the functions give here', async () => {
    const { samples, sampleRate } = await readWav(path);
    const faster = resample(samples, { from: sampleRate, to: 16000 });
    expect(await decoders.mel.decode(path)).toEqual(logMel(faster, { sampleRate: 16000, bands: 20 }));
    // The other features without a thread.
    expect(await decode(path, {})).toEqual({ data: samples, shape: [4000] });
    const bytes = encodeWav({ samples: tone(4000), sampleRate: 8000 });
    expect(await decode(bytes, { features: 'mfcc', mel: { bands: 20, coefficients: 5 } })).toEqual(
      mfcc(samples, { sampleRate, bands: 20, coefficients: 5 }),
    );
  });

  it('names the file that cannot be decoded, and goes on', async () => {
    const cut = write('cut.wav', encodeWav({ samples: tone(400), sampleRate: 8000 }).subarray(0, 300));
    const short = write('short.wav', encodeWav({ samples: tone(5), sampleRate: 8000 }));
    await expect(decoders.mel.decode(cut)).rejects.toThrow(/cut\.wav is cut short/);
    await expect(decoders.mel.decode(short)).rejects.toThrow(/short\.wav: /);
    await expect(decoders.mel.decode(join(folder, 'none.wav'))).rejects.toThrow(/none\.wav does not exist/);
    expect((await decoders.mel.decode(path)).shape[1]).toBe(20);
    expect(() => audioDecoder({ features: 'chroma' as 'mfcc' })).toThrow(/waveform, logMel or mfcc, got chroma/);
  });

  it('feeds a pipeline through a cache', async () => {
    const paths = [2000, 3000, 4000].map((length) =>
      write(`${length}.wav`, encodeWav({ samples: tone(length), sampleRate: 8000 })),
    );
    const decoder = cached(decoders.mel, { folder: join(folder, 'cache') });
    const data = pipeline(paths)
      .map((file) => decoder.decode(file), { concurrency: 2 })
      .batch(3)
      .collate({ audio: padded((features) => features, { dtype: 'float32', multiple: 8 }) });
    for (const hits of [0, 3]) {
      for await (const { audio } of data.iterate(0)) {
        expect(audio.values.shape[0]).toBe(3);
        expect((audio.values.shape[1] as number) % 8).toBe(0);
        expect(audio.values.shape[2]).toBe(20);
        audio.values.dispose();
        audio.mask.dispose();
      }
      expect(decoder.statistics.hits).toBe(hits);
    }
  });
});
