import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { mediaKind } from '@crossmodal/core/data';
import { describe, expect, it } from 'vitest';
import { decode } from '../src/audio-worker.js';
import { decodeCompressed } from '../src/compressed/decode-compressed.js';
import { decodeSound, loadWaveform, readSound, readWav } from '../src/index.js';

interface Case {
  rate: number;
  samples: number;
  rms: number;
  start: number;
  values: number[];
}

const folder = fileURLToPath(new URL('./golden/compressed/', import.meta.url));
const { cases } = JSON.parse(readFileSync(`${folder}index.json`, 'utf8')) as { cases: Record<string, Case> };
const kinds = Object.keys(cases);
const bytesOf = (kind: string) => new Uint8Array(readFileSync(`${folder}digit.${kind}`));

describe('recordings that are not wav', () => {
  it.each(kinds)('%s, as FFmpeg decodes it', async (kind) => {
    const path = `${folder}digit.${kind}`;
    const { samples, sampleRate } = await readSound(path);
    const { rate, start, values, samples: count } = cases[kind]!;
    expect(sampleRate).toBe(rate);
    // FFmpeg leaves the encoder's delay before the sound of an m4a, and the rest of the last block behind that of an ogg.
    const delay = kind === 'm4a' ? 1024 : 0;
    expect(count - delay - samples.length).toBeGreaterThanOrEqual(0);
    expect(count - delay - samples.length).toBeLessThanOrEqual(kind === 'ogg' ? 128 : 0);
    const own = samples.subarray(start - delay, start - delay + values.length);
    const off = Math.max(...values.map((value, i) => Math.abs(value - own[i]!)));
    expect(off).toBeLessThan(kind === 'flac' ? 2e-5 : 2e-6); // one step of 16 bits; rounding
    expect(mediaKind(path)).toBe('audio');
    // The same through every door, by path and by bytes.
    expect((await decodeSound(bytesOf(kind))).samples).toEqual(samples);
    expect((await decode(path, {})).data).toEqual(samples);
    const slower = await loadWaveform(bytesOf(kind), { sampleRate: 8000 });
    expect(slower.samples.length).toBe(Math.ceil((samples.length * 8000) / rate));
  });

  it('flac holds what the wav file held', async () => {
    const wav = await readWav(fileURLToPath(new URL('./golden/wav/7_jackson_3.wav', import.meta.url)));
    const { samples } = await readSound(`${folder}digit.flac`);
    expect(samples.length).toBe(wav.samples.length);
    expect(Math.max(...samples.map((value, i) => Math.abs(value - wav.samples[i]!)))).toBeLessThan(4e-5);
  });

  it.each(kinds)('%s: what is cut short is refused, or gives less, but never nothing in silence', async (kind) => {
    const bytes = bytesOf(kind);
    for (const part of [0.5, 0.1, 0.01]) {
      const cut = bytes.subarray(0, Math.ceil(bytes.length * part));
      const outcome = await decodeSound(cut, { source: `digit.${kind}` }).catch((error: Error) => error.message);
      if (typeof outcome === 'string')
        expect(outcome).toMatch(
          new RegExp(
            `digit\\.${kind} (ends early|holds no samples|cannot be decoded|is no recording)|digit\\.${kind} is`,
          ),
        );
      // An mp3 does not say how long it is.
      else expect([kind, outcome.samples.length > 0]).toEqual(['mp3', true]);
    }
  });

  it.each(kinds)('%s: damage in the middle ends in an error or in samples', async (kind) => {
    const bytes = bytesOf(kind);
    bytes.fill(0xff, bytes.length / 3, bytes.length / 2);
    const outcome = await decodeSound(bytes).catch((error: Error) => error.name);
    if (typeof outcome === 'string') expect(outcome).toBe('CrossmodalError');
    else expect(outcome.samples.length).toBeGreaterThan(0);
  });

  it('a small file that stands for more than memory allows is given up while it is decoded', async () => {
    const path = `${folder}digit.opus`;
    await expect(decodeCompressed(bytesOf('opus'), 'opus', { source: path, limit: 5000 })).rejects.toThrow(
      /digit\.opus has more than the 5000 samples that are decoded at once; cut it into shorter parts/,
    );
  });

  it('says what is no recording, and what does not exist', async () => {
    await expect(decodeSound(new TextEncoder().encode('hello there'))).rejects.toThrow(/no recording of a known kind/);
    await expect(decodeSound(new Uint8Array(0))).rejects.toThrow(/empty/);
    await expect(readSound('nowhere.mp3')).rejects.toThrow(/nowhere\.mp3 does not exist/);
    await expect(decodeSound(bytesOf('mp3'), { sauce: 'x' } as never)).rejects.toThrow(/did you mean 'source'/);
  });
});
