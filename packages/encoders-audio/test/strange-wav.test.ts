import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { soundKind } from '../src/compressed/sound-kind.js';
import {
  audioDecoder,
  decodeWav,
  encodeWav,
  kaldiFilterbank,
  loadWaveform,
  melSpectrogram,
  powerSpectrogram,
  resample,
  spectralCentroid,
  spectrogramEncoder,
  stft,
} from '../src/index.js';
import { useTestBackend } from './backend.js';
import { folder, signal } from './cases.js';

useTestBackend();

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'crossmodal-strange-wav-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

interface Compressed {
  name: string;
  channels: number;
  file: string;
  samples: string;
  frames: number;
}
const { cases } = JSON.parse(readFileSync(new URL('compressed-wav.json', folder), 'utf8')) as { cases: Compressed[] };
const bytesOf = (text: string) => Uint8Array.from(Buffer.from(text, 'base64'));

describe('compressed wav files', () => {
  it.each(cases.map((c) => [c.name, c] as const))('%s as libsndfile reads it, sample for sample', (_, c) => {
    const wav = decodeWav(bytesOf(c.file));
    const expected = new Int16Array(bytesOf(c.samples).buffer);
    expect(wav.channels).toHaveLength(c.channels);
    wav.channels.forEach((channel, k) => {
      const integers = Array.from(channel, (v) => v * 32768);
      expect(integers).toEqual(Array.from({ length: c.frames }, (__, t) => expected[t * c.channels + k]));
    });
  });

  it('give what is there of a last block that is not whole', () => {
    for (const c of cases.filter(({ name }) => name.includes('ADPCM'))) {
      const whole = bytesOf(c.file);
      const dataAt = Buffer.from(whole).indexOf('data', 0, 'latin1');
      const cut = whole.slice(0, whole.length - 100);
      new DataView(cut.buffer).setUint32(dataAt + 4, cut.length - dataAt - 8, true);
      const [full, part] = [decodeWav(whole).channels[0] as Float32Array, decodeWav(cut).channels[0] as Float32Array];
      expect(part.length).toBeGreaterThan(full.length * 0.8);
      expect([...part]).toEqual([...full.subarray(0, part.length)]);
    }
  });

  it('are refused when their blocks are too small for a header', () => {
    const bytes = bytesOf((cases[0] as Compressed).file);
    new DataView(bytes.buffer).setUint16(32, 2, true);
    expect(() => decodeWav(bytes)).toThrow(
      'says ADPCM of 4 bits in blocks of 2 bytes, known are 4 bits in blocks of at least 4',
    );
  });
});

/** A wav file by hand: any format, any announced length. */
function wav(channels: number, bits: number, data: Uint8Array, announced: number, rate = 8000): Uint8Array {
  const head = Buffer.alloc(44);
  head.write('RIFF\0\0\0\0WAVEfmt ', 0, 'latin1');
  head.writeUInt32LE(announced === 0 ? 0 : Math.min(announced + 36, 0xffffffff), 4);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(Math.min(0xffffffff, rate * ((channels * bits) / 8)), 28);
  head.writeUInt16LE((channels * bits) / 8, 32);
  head.writeUInt16LE(bits, 34);
  head.write('data', 36, 'latin1');
  head.writeUInt32LE(announced, 40);
  return Uint8Array.from(Buffer.concat([head, data]));
}

describe('streamed wav files', () => {
  it.each([
    ['sox, 16 bits', 1, 16, 0x7ffff000],
    ['sox, 24 bits', 1, 24, 0x7ffff000 - (0x7ffff000 % 3)],
    ['sox, 6 channels', 6, 16, 0x7ffff000 - (0x7ffff000 % 12)],
    ['sox, 6 channels of 24 bits', 6, 24, 0x7ffff000 - (0x7ffff000 % 18)],
    ['arecord', 2, 16, 0x80000000],
    ['ffmpeg', 2, 16, 0xffffffff],
    ['GStreamer', 2, 16, 0x7fff0000],
    ['less its header', 2, 16, 0xffffffff - 36],
    ['length 0', 2, 16, 0],
    ['length 0, 24 bits', 1, 24, 0],
  ])('are read to their end: %s', (_, channels, bits, announced) => {
    const frame = (channels * bits) / 8;
    const data = Uint8Array.from({ length: frame * 50 }, (__, i) => (i * 37) % 251);
    const streamed = decodeWav(wav(channels, bits, data, announced));
    const whole = decodeWav(wav(channels, bits, data, data.length));
    expect(streamed.channels).toHaveLength(channels);
    expect(streamed.samples).toHaveLength(50);
    expect(streamed.samples).toEqual(whole.samples);
  });

  it.each(cases.map((c) => [c.name, c] as const))('are read to their end when they are compressed: %s', (_, c) => {
    const whole = bytesOf(c.file);
    const dataAt = Buffer.from(whole).indexOf('data', 0, 'latin1');
    // The container of RIFX is big-endian, and so is the length.
    const little = whole[3] === 'F'.charCodeAt(0);
    for (const announced of [0xffffffff, 0x7ffff000, 0]) {
      const streamed = whole.slice();
      new DataView(streamed.buffer).setUint32(dataAt + 4, announced, little);
      const chunksBehind = new DataView(whole.buffer).getUint32(dataAt + 4, little) < whole.length - dataAt - 8;
      if (!chunksBehind) expect(decodeWav(streamed).channels).toEqual(decodeWav(whole).channels);
    }
  });

  it('may be of the container of the European Broadcasting Union', () => {
    const data = Uint8Array.from({ length: 100 }, (__, i) => (i * 37) % 251);
    const broadcast = wav(1, 16, data, 0xffffffff);
    broadcast.set(Buffer.from('BW64', 'latin1'), 0);
    expect(decodeWav(broadcast).samples).toEqual(decodeWav(wav(1, 16, data, 100)).samples);
    expect(soundKind(broadcast)).toBe('wav');
  });

  it('are still cut short when they announce what any file could hold', () => {
    for (const announced of [101, 1_000_000, 0x7f000000, 0x90000000]) {
      expect(() => decodeWav(wav(1, 16, new Uint8Array(100), announced))).toThrow(
        `is cut short: its header announces ${announced} bytes of sound, 100 are there`,
      );
    }
  });

  it('are empty when only whole chunks stand behind a length of 0', () => {
    const note = Buffer.from('LIST\x04\x00\x00\x00INFO', 'latin1');
    expect(() => decodeWav(wav(1, 16, note, 0))).toThrow('holds no samples');
    expect(() => decodeWav(wav(1, 16, new Uint8Array(0), 0))).toThrow('holds no samples');
  });
});

describe('amplitudes that are no numbers', () => {
  it('are an error wherever recordings are loaded', async () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const samples = signal(1000);
      samples[700] = bad;
      const bytes = encodeWav({ samples, sampleRate: 8000 }, { encoding: 'float32' });
      const path = join(scratch, `${bad}.wav`);
      await writeFile(path, bytes);
      await expect(loadWaveform(bytes)).rejects.toThrow(`loadWaveform: samples must be finite, got ${bad} at 700`);
      await expect(loadWaveform(path)).rejects.toThrow(`got ${bad} at 700 of ${path}; repair the recording`);
      await expect(loadWaveform({ samples, sampleRate: 8000 })).rejects.toThrow(`got ${bad} at 700`);
      const encoder = spectrogramEncoder({ dimension: 4, sampleRate: 8000, seconds: 0.2, bands: 8, seed: 1 });
      await expect(encoder.prepare([path])).rejects.toThrow(`got ${bad} at 700`);
      encoder.dispose();
      const decoder = audioDecoder({ workers: 1 });
      await expect(decoder.decode(path)).rejects.toThrow(`audioDecoder: samples must be finite, got ${bad} at 700`);
      await decoder.close();
    }
  });
});

describe('signal processing', () => {
  const samples = signal(4000);
  it.each<[string, (samples: Float32Array) => unknown]>([
    ['stft', (x) => stft(x)],
    ['powerSpectrogram', (x) => powerSpectrogram(x)],
    ['melSpectrogram', (x) => melSpectrogram(x, { sampleRate: 8000 })],
    ['spectralCentroid', (x) => spectralCentroid(x, { sampleRate: 8000 })],
    ['kaldiFilterbank', (x) => kaldiFilterbank(x, { sampleRate: 8000 })],
    ['resample', (x) => resample(x, { from: 8000, to: 16000 })],
    ['resample', (x) => resample(x, { from: 8000, to: 8000 })],
  ])('of amplitudes that are no numbers is refused: %s', (name, run) => {
    for (const bad of [Number.NaN, Number.NEGATIVE_INFINITY]) {
      const broken = samples.slice();
      broken[3999] = bad;
      expect(() => run(broken)).toThrow(`${name}: samples must be finite, got ${bad} at 3999; repair the recording`);
    }
    run(samples);
  });

  it('knows its windows', () => {
    expect(() => kaldiFilterbank(samples, { sampleRate: 8000, window: 'hamming' as never })).toThrow(
      'kaldiFilterbank: window must be povey or hann, got hamming',
    );
  });
});

describe('strange rates', () => {
  it('are refused where no recording has them', () => {
    for (const rate of [4294967295, 10_000_001, 0]) {
      expect(() => decodeWav(wav(1, 16, new Uint8Array(100), 100, rate))).toThrow(`says 1 channels at ${rate} Hz`);
      expect(() => resample([1, 2], { from: rate, to: 16000 })).toThrow(
        /from must be a whole number of hertz from 1 to 10000000/,
      );
      expect(() => resample([1, 2], { from: 16000, to: rate })).toThrow(/to must be a whole number of hertz/);
    }
    expect(() => resample(new Float32Array(160_000), { from: 1, to: 16000 })).toThrow(
      'resample: 160000 samples at 1 Hz would become 2560000000 at 16000 Hz, more than 268435456; check the rate',
    );
  });

  it.each([
    [16001, 16000],
    [44101, 48000],
    [9_999_991, 16000],
    [8000, 9_999_991],
    [15_999, 16_001],
  ])('take no longer than others: %i to %i', (from, to) => {
    const samples = signal(16000);
    for (const method of ['sinc', 'polyphase'] as const) {
      const { user: before } = process.cpuUsage();
      resample(samples.subarray(0, from > 10 * to || to < 10 * from ? 16000 : 16), { from, to, method });
      // Some ten to hundred milliseconds of the processor, with room for a slow one. It was 1.7 s to minutes.
      expect((process.cpuUsage().user - before) / 1000).toBeLessThan(1500);
    }
  });

  it('keep a tone as it is', () => {
    const tone = (rate: number, length: number) =>
      Float32Array.from({ length }, (_, n) => Math.sin((2 * Math.PI * 440 * n) / rate));
    for (const method of ['sinc', 'polyphase'] as const) {
      const out = resample(tone(16001, 4000), { from: 16001, to: 16000, method });
      expect(out.subarray(100, 3800)).toBeAllclose(tone(16000, 4000).subarray(100, 3800), { atol: 4e-3, rtol: 0 });
    }
  });
});
