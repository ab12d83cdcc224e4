import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CrossmodalError } from '@crossmodal/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import wavefile from 'wavefile';
import { decodeWav, encodeWav, readWav } from '../src/index.js';
import { cases, folder, read, signal } from './cases.js';

const path = (name: string) => fileURLToPath(new URL(name, folder));
let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'crossmodal-wav-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

function wavefileOf(
  channels: number,
  depth: string,
  samples: readonly ArrayLike<number>[] | ArrayLike<number>,
  container = 'RIFF',
): Uint8Array {
  const wav = new wavefile.WaveFile();
  wav.fromScratch(channels, 8000, depth, samples as never, { container });
  return wav.toBuffer();
}

describe('readWav', () => {
  for (const c of cases('wav_')) {
    it(`decodes ${c.name.slice(4)} as soundfile does`, async () => {
      const { wav: file, sample_rate: rate } = c.options as unknown as { wav: string; sample_rate: number };
      const { data, shape } = read(c.name)('out.samples');
      const [frames, channels] = shape as [number, number];
      const wav = await readWav(path(file));
      expect(wav.sampleRate).toBe(rate);
      expect(wav.channels).toHaveLength(channels);
      wav.channels.forEach((samples, k) => {
        const expected = Float32Array.from({ length: frames }, (_, t) => data[t * channels + k] as number);
        expect(samples).toBeAllclose(expected, { atol: 1e-7, rtol: 0 });
      });
      const mean = Float32Array.from({ length: frames }, (_, t) => {
        let sum = 0;
        for (let k = 0; k < channels; k++) sum += (data[t * channels + k] as number) / channels;
        return sum;
      });
      expect(wav.samples).toBeAllclose(mean, { atol: 1e-7, rtol: 0 });
    });
  }

  it('reads what encodeWav writes', () => {
    const samples = signal(501);
    const exact = decodeWav(encodeWav({ samples, sampleRate: 22050 }, { encoding: 'float32' }));
    expect(exact.samples).toEqual(samples);
    expect(exact).toMatchObject({ sampleRate: 22050, bitDepth: 32, encoding: 'float' });
    const rounded = decodeWav(encodeWav({ samples, sampleRate: 22050 }));
    expect(rounded.samples).toBeAllclose(samples, { atol: 0.51 / 32768, rtol: 0 });
    expect([...decodeWav(encodeWav({ samples: new Float32Array([2, -2]), sampleRate: 8000 })).samples]).toEqual([
      32767 / 32768,
      -1,
    ]);
  });

  it('reads big-endian, RF64, six channels, and the compressed encodings', () => {
    const integers = Int16Array.from(signal(1010), (v) => v * 20000);
    const amplitudes = Float32Array.from(integers, (v) => v / 32768);
    expect(decodeWav(wavefileOf(1, '16', integers, 'RIFX')).samples).toBeAllclose(amplitudes, { atol: 0, rtol: 0 });
    const wide = Int32Array.from(integers, (v) => v * 256 + 17);
    const wideBig = decodeWav(wavefileOf(1, '24', wide, 'RIFX'));
    expect(wideBig.samples).toBeAllclose(
      Float32Array.from(wide, (v) => v / 2 ** 23),
      { atol: 1e-7, rtol: 0 },
    );
    const floats = decodeWav(wavefileOf(1, '64', Float64Array.from(amplitudes), 'RIFX'));
    expect(floats.samples).toBeAllclose(amplitudes, { atol: 0, rtol: 0 });
    const six = decodeWav(
      wavefileOf(
        6,
        '16',
        Array.from({ length: 6 }, (_, k) => integers.map((v) => v - k)),
      ),
    );
    expect(six.channels.map((c) => Math.round((c[500] as number) * 32768))).toEqual(
      [0, 1, 2, 3, 4, 5].map((k) => (integers[500] as number) - k),
    );
    for (const convert of ['toALaw', 'toMuLaw'] as const) {
      const wav = new wavefile.WaveFile();
      wav.fromScratch(1, 8000, '16', integers);
      wav[convert]();
      const decoded = decodeWav(wav.toBuffer());
      expect(decoded.encoding).toBe('compressed');
      expect(decoded.samples).toBeAllclose(amplitudes, { atol: 0.03, rtol: 0 });
    }
    const adpcm = new wavefile.WaveFile();
    const slow = Int16Array.from({ length: 1011 }, (_, n) => 9000 * Math.sin(n / 20));
    adpcm.fromScratch(1, 8000, '16', slow);
    adpcm.toIMAADPCM();
    const data = adpcm.data as { samples: Uint8Array };
    data.samples = data.samples.slice(0, 512);
    const unpacked = decodeWav(adpcm.toBuffer()).samples;
    expect(unpacked).toHaveLength(1010);
    // The step size starts at 7 and needs a few samples to grow.
    const settled = Float32Array.from(slow.subarray(20, 1010), (v) => v / 32768);
    expect(unpacked.subarray(20)).toBeAllclose(settled, { atol: 0.03, rtol: 0 });
    const long = wavefileOf(1, '16', integers, 'RIFF');
    const rf64 = asRf64(long);
    expect(decodeWav(rf64).samples).toBeAllclose(amplitudes, { atol: 0, rtol: 0 });
  });

  it('skips text before and after the sound, with odd chunk lengths', () => {
    const plain = wavefileOf(1, '8', [0, 64, 128, 192, 255]);
    const note = Buffer.from('LIST\x09\x00\x00\x00INFOabcde\x00', 'latin1');
    const withNotes = Buffer.concat([plain.subarray(0, 12), note, plain.subarray(12), Buffer.from([0]), note]);
    expect([...decodeWav(withNotes).samples]).toEqual([-1, -0.5, 0, 0.5, 127 / 128]);
  });

  it('reads to the end when a stream writer left the length open', () => {
    const bytes = encodeWav({ samples: signal(100), sampleRate: 8000 });
    for (const open of [0xffffffff, 0x7ffff000]) {
      new DataView(bytes.buffer).setUint32(40, open, true);
      expect(decodeWav(bytes).samples).toHaveLength(100);
    }
  });

  it('names the file and the remedy when the file is bad', async () => {
    const good = await readFile(path('wav/0_george_0.wav'));
    const bad: [string, Uint8Array, RegExp][] = [
      ['empty.wav', new Uint8Array(0), /empty\.wav is empty \(0 bytes\); write the file again/],
      [
        'cut.wav',
        good.subarray(0, 1000),
        /cut\.wav is cut short: its header announces \d+ bytes of sound, \d+ are there; copy/,
      ],
      ['header.wav', good.subarray(0, 30), /header\.wav is cut short: it has no data chunk/],
      ['six.wav', good.subarray(0, 6), /six\.wav is not a wav file/],
      [
        'text.wav',
        Buffer.from('this is only text, nothing else'),
        /text\.wav is not a wav file \(it begins with "this"/,
      ],
      ['nothing.wav', encodeWav({ samples: new Float32Array(0), sampleRate: 8000 }), /nothing\.wav holds no samples/],
      ['mp3.wav', withFormatCode(good, 85), /mp3\.wav is encoded as format code 85/],
    ];
    for (const [name, bytes, message] of bad) {
      const file = join(scratch, name);
      await writeFile(file, bytes);
      const error = await readWav(file).catch((e: unknown) => e);
      expect(CrossmodalError.isInstance(error)).toBe(true);
      expect((error as Error).message).toMatch(message);
    }
    await expect(readWav(join(scratch, 'absent.wav'))).rejects.toThrow(/absent\.wav does not exist; check the path/);
    await expect(readWav(scratch)).rejects.toThrow(/is a folder/);
  });
});

function withFormatCode(bytes: Uint8Array, code: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  new DataView(copy.buffer).setUint16(20, code, true);
  return copy;
}

/** RIFF to RF64: a ds64 chunk holds the lengths, the 32-bit ones are all ones. */
function asRf64(bytes: Uint8Array): Uint8Array {
  const ds64 = Buffer.alloc(36);
  ds64.write('ds64', 0, 'latin1');
  ds64.writeUInt32LE(28, 4);
  const dataAt = Buffer.from(bytes).indexOf('data', 0, 'latin1');
  ds64.writeUInt32LE(new DataView(bytes.buffer, bytes.byteOffset).getUint32(dataAt + 4, true), 16);
  const out = Buffer.concat([bytes.subarray(0, 12), ds64, bytes.subarray(12)]);
  out.write('RF64', 0, 'latin1');
  out.writeUInt32LE(0xffffffff, 4);
  out.writeUInt32LE(0xffffffff, dataAt + 36 + 4);
  return out;
}
