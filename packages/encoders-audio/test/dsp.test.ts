import { Random } from '@crossmodal/core';
import { describe, expect, it } from 'vitest';
import { realFourier } from '../src/dsp/fft.js';
import { hann, povey, symmetricHann } from '../src/dsp/window.js';
import {
  addNoise,
  delta,
  hertzToMel,
  inverseStft,
  kaldiFilterbank,
  logMel,
  melFilterbank,
  melToHertz,
  mfcc,
  monoMix,
  powerSpectrogram,
  powerToDecibels,
  resample,
  specAugment,
  stft,
  timeShift,
} from '../src/index.js';
import { signal } from './cases.js';

describe('realFourier', () => {
  it.each([2, 3, 4, 5, 8, 9, 16, 25, 100, 128, 251, 400])(
    'size %i equals the sum that defines it, and inverts',
    (size) => {
      const x = Float64Array.from(signal(size));
      const bins = 1 + Math.floor(size / 2);
      const spectrum = new Float64Array(2 * bins);
      const fourier = realFourier(size);
      fourier.forward(x, spectrum);
      const naive = new Float64Array(2 * bins);
      for (let k = 0; k < bins; k++) {
        for (let n = 0; n < size; n++) {
          naive[2 * k]! += x[n]! * Math.cos((2 * Math.PI * k * n) / size);
          naive[2 * k + 1]! -= x[n]! * Math.sin((2 * Math.PI * k * n) / size);
        }
      }
      expect(spectrum).toBeAllclose(naive, { atol: 1e-10, rtol: 1e-10 });
      const back = new Float64Array(size);
      fourier.inverse(spectrum, back);
      expect(back).toBeAllclose(x, { atol: 1e-12, rtol: 1e-10 });
    },
  );
});

describe('windows', () => {
  it('have the values of their formulas', () => {
    expect(hann(4)).toBeAllclose([0, 0.5, 1, 0.5], { atol: 1e-15 });
    expect(symmetricHann(5)).toBeAllclose([0, 0.5, 1, 0.5, 0], { atol: 1e-15 });
    expect(povey(5)).toBeAllclose([0, 0.5 ** 0.85, 1, 0.5 ** 0.85, 0], { atol: 1e-15 });
    expect([...symmetricHann(1)]).toEqual([1]);
  });
});

describe('stft', () => {
  it('of a cosine on a bin is a quarter of the window length there and in the neighbours half of that', () => {
    const size = 64;
    const x = Float32Array.from({ length: 256 }, (_, n) => Math.cos((2 * Math.PI * 10 * n) / size));
    const {
      data: values,
      shape: [, bins],
    } = powerSpectrogram(x, { fftSize: size, hopLength: 16, center: false });
    const frame = values.subarray(5 * bins, 6 * bins).map(Math.sqrt);
    expect([...frame.subarray(8, 13)]).toBeAllclose([0, size / 8, size / 4, size / 8, 0], { atol: 1e-3 });
  });

  it.each([
    { fftSize: 128, hopLength: 32 },
    { fftSize: 100, hopLength: 25, windowLength: 80 },
    { fftSize: 64, hopLength: 16, center: false },
  ])('is undone by inverseStft: %o', (options) => {
    const x = signal(1000);
    const again = inverseStft(stft(x, options), { ...options, length: x.length });
    // Without padding the first and last samples lie under the window's zero, and the rest under no frame.
    const inner = options.center === false ? [16, 940] : [0, 1000];
    expect(again.subarray(...inner)).toBeAllclose(x.subarray(...inner), { atol: 1e-5 });
  });

  it('refuses what it cannot do, with the values', () => {
    expect(() => stft(signal(10), { fftSize: 64 })).toThrow(
      /stft: mirroring 32 samples needs more than 32, got 10; use padding/,
    );
    expect(() => stft(signal(10), { fftSize: 64, center: false })).toThrow(
      /stft: samples must cover one frame of 64, got 10/,
    );
    expect(() => stft(signal(100), { fftSize: 64, windowLength: 65 })).toThrow(
      /windowLength must be at most fftSize \(64\), got 65/,
    );
    expect(() => stft(signal(100), { fftSize: 1.5 })).toThrow(/fftSize must be an integer of at least 2, got 1.5/);
    expect(() => stft(signal(100), { fftSize: 64, hopLength: 0 })).toThrow(/hopLength/);
    expect(() => inverseStft(stft(signal(100), { fftSize: 64 }), { fftSize: 32 })).toThrow(
      /fftSize 32 has 17 bins, got \[7, 33\]/,
    );
  });
});

describe('mel', () => {
  it('scales invert each other and have their fixed points', () => {
    for (const scale of ['htk', 'slaney'] as const) {
      for (const f of [0, 100, 999, 1000, 1001, 4000, 22050])
        expect(melToHertz(hertzToMel(f, { scale }), { scale })).toBeCloseTo(f, 7);
    }
    expect(hertzToMel(1000)).toBeCloseTo(15, 12);
    expect(hertzToMel(700, { scale: 'htk' })).toBeCloseTo(2595 * Math.log10(2), 9);
  });

  it('filters without norm sum to one between the first and the last peak', () => {
    const {
      data,
      shape: [bands, bins],
    } = melFilterbank({
      sampleRate: 16000,
      fftSize: 2048,
      bands: 20,
      normalization: 'none',
    });
    const first = Math.ceil((melToHertz(hertzToMel(8000) / 21) * 2048) / 16000);
    const last = Math.floor((melToHertz((20 * hertzToMel(8000)) / 21) * 2048) / 16000);
    for (let k = first; k <= last; k++) {
      let sum = 0;
      for (let i = 0; i < bands; i++) sum += data[i * bins + k] as number;
      expect(sum).toBeCloseTo(1, 9);
    }
  });

  it('of silence is the logarithm of the offset, and decibels are the floor', () => {
    const silence = new Float32Array(1600);
    const features = logMel(silence, { sampleRate: 16000, bands: 10, offset: 1e-3 });
    expect([...features.shape]).toEqual([11, 10]);
    expect(features.data).toBeAllclose(new Float32Array(110).fill(Math.log(1e-3)));
    const decibels = powerToDecibels({ data: new Float32Array(4), shape: [2, 2] });
    expect([...decibels.data]).toEqual([-100, -100, -100, -100]);
    expect(mfcc(silence, { sampleRate: 16000, bands: 20 }).data.every(Number.isFinite)).toBe(true);
  });

  it('refuses what it cannot do, with the values', () => {
    expect(() => logMel(signal(400), { sampleRate: 8000, maximumFrequency: 5000 })).toThrow(
      /maximum <= 4000 Hz .* got 0 and 5000/,
    );
    expect(() => logMel(signal(400), { sampleRate: -1 })).toThrow(/sampleRate must be a positive number, got -1/);
    expect(() => mfcc(signal(400), { sampleRate: 8000, bands: 10, coefficients: 11 })).toThrow(
      /at most bands \(10\), got 11/,
    );
    expect(() => kaldiFilterbank(signal(10), { sampleRate: 8000 })).toThrow(/one frame of 200, got 10/);
  });
});

describe('delta', () => {
  it('of a parabola is its derivative', () => {
    const frames = 30;
    const values = Float32Array.from({ length: frames }, (_, t) => 0.25 * t * t - 2 * t + 1);
    const first = delta({ data: values, shape: [frames, 1] }, { width: 5 }).data;
    for (let t = 2; t < frames - 2; t++) expect(first[t]).toBeCloseTo(0.5 * t - 2, 4);
    const second = delta({ data: values, shape: [frames, 1] }, { width: 7, order: 2 }).data;
    for (const v of second) expect(v).toBeCloseTo(0.5, 4);
  });

  it('refuses even widths and too few frames', () => {
    const few = { data: new Float32Array(4), shape: [4, 1] } as const;
    expect(() => delta(few, { width: 4 })).toThrow(/odd/);
    expect(() => delta(few)).toThrow(/at least 9 frames, got 4; use edge: 'repeat'/);
    expect(delta(few, { edge: 'repeat' }).data).toHaveLength(4);
  });
});

describe('resample', () => {
  it.each([
    [44100, 16000, 'sinc'],
    [8000, 22050, 'sinc'],
    [48000, 8000, 'polyphase'],
    [11025, 16000, 'polyphase'],
  ] as const)('keeps a slow sine from %i to %i Hz (%s)', (from, to, method) => {
    const sine = (rate: number) =>
      Float32Array.from({ length: rate / 5 }, (_, n) => Math.sin((2 * Math.PI * 300 * n) / rate));
    const out = resample(sine(from), { from, to, method });
    expect(out.length).toBe(Math.ceil(((from / 5) * to) / from));
    const margin = Math.round(to / 50);
    expect(out.subarray(margin, -margin)).toBeAllclose(sine(to).subarray(margin, out.length - margin), { atol: 0.02 });
  });

  it('copies when the rates agree, takes the empty signal, and refuses bad rates', () => {
    const x = signal(10);
    const same = resample(x, { from: 8000, to: 8000 });
    expect(same).toEqual(x);
    expect(same).not.toBe(x);
    expect(resample([], { from: 8000, to: 16000 })).toHaveLength(0);
    expect(() => resample(x, { from: 8000.5, to: 16000 })).toThrow(
      /from must be a whole number of hertz from 1 to 10000000, got 8000.5/,
    );
    expect(() => resample(x, { from: 8000, to: 0 })).toThrow(/to must be/);
    expect(() => resample(x, { from: 8000, to: 4000, width: 1e9 })).toThrow(/width must be above 0 and at most 1000/);
  });
});

describe('monoMix', () => {
  it('averages, and refuses unequal channels', () => {
    expect(
      monoMix([
        [1, 0],
        [0, -1],
      ]),
    ).toBeAllclose(Float32Array.from([0.5, -0.5]));
    expect(() => monoMix([])).toThrow(/at least one channel/);
    expect(() => monoMix([[1], [1, 2]])).toThrow(/equally long, got 1, 2 samples/);
  });
});

describe('augmentation', () => {
  const features = { data: Float32Array.from({ length: 50 * 20 }, (_, i) => 1 + i), shape: [50, 20] } as const;

  it('specAugment masks whole bands and stretches within their widths, the same for the same seed', () => {
    const options = { frequencyMasks: 1, frequencyWidth: 6, timeMasks: 1, timeWidth: 10, value: 0 };
    const widths = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const masked = specAugment(features, { ...options, random: new Random(seed) });
      expect(masked).toEqual(specAugment(features, { ...options, random: new Random(seed) }));
      const zero = (t: number, k: number) => masked.data[t * 20 + k] === 0;
      const bands = Array.from({ length: 20 }, (_, k) => k).filter((k) =>
        Array.from({ length: 50 }, (_, t) => t).every((t) => zero(t, k)),
      );
      const times = Array.from({ length: 50 }, (_, t) => t).filter((t) =>
        Array.from({ length: 20 }, (_, k) => k).every((k) => zero(t, k)),
      );
      widths.add(`${bands.length}`);
      expect(bands.length).toBeLessThanOrEqual(6);
      expect(times.length).toBeLessThanOrEqual(10);
      if (bands.length > 1) expect((bands.at(-1) as number) - (bands[0] as number)).toBe(bands.length - 1);
      const changed = masked.data.filter((v, i) => v !== features.data[i]).length;
      expect(changed).toBe(bands.length * 50 + times.length * 20 - bands.length * times.length);
    }
    expect(widths.size).toBe(7);
    expect(features.data[0]).toBe(1);
  });

  it('specAugment takes the mean, obeys timeShare, and refuses negative numbers', () => {
    const all = specAugment(features, {
      random: new Random(3),
      frequencyMasks: 0,
      timeMasks: 5,
      timeWidth: 1000,
      timeShare: 0,
    });
    expect(all.data).toEqual(features.data);
    const masked = specAugment(features, { random: new Random(3), frequencyMasks: 9, frequencyWidth: 20 });
    expect(masked.data.filter((v, i) => v !== features.data[i]).every((v) => Math.abs(v - 500.5) < 1e-3)).toBe(true);
    expect(() => specAugment(features, { random: new Random(1), timeMasks: -1 })).toThrow(
      /timeMasks must be 0 or more, got -1/,
    );
  });

  it('timeShift moves, addNoise reaches the asked ratio', () => {
    const x = signal(200);
    const seen = new Set<number>();
    for (let seed = 0; seed < 60; seed++) {
      const moved = timeShift(x, { random: new Random(seed), maximum: 3 });
      const shift = [-3, -2, -1, 0, 1, 2, 3].find((s) =>
        Array.from({ length: 190 }, (_, n) => n + 5).every((n) => moved[n] === x[n - s]),
      );
      expect(shift).toBeDefined();
      seen.add(shift as number);
    }
    expect(seen.size).toBe(7);
    const long = signal(20000);
    const noisy = addNoise(long, { random: new Random(1), minimum: 10, maximum: 10 });
    const power = (v: Float32Array) => v.reduce((sum, y) => sum + y * y, 0);
    const ratio = 10 * Math.log10(power(long) / power(noisy.map((v, n) => v - (long[n] as number))));
    expect(ratio).toBeCloseTo(10, 0);
    expect(addNoise(new Float32Array(5), { random: new Random(1), minimum: 0, maximum: 5 })).toEqual(
      new Float32Array(5),
    );
  });
});
