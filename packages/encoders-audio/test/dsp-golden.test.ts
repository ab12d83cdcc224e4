import { describe, expect, it } from 'vitest';
import {
  astFeatures,
  clapFeatures,
  delta,
  griffinLim,
  kaldiFilterbank,
  logMel,
  melFilterbank,
  melSpectrogram,
  mfcc,
  powerToDecibels,
  resample,
  spectralCentroid,
  stft,
  whisperFeatures,
} from '../src/index.js';
import { cases, read, transposed } from './cases.js';

/** Options of the reference cases in our words. */
function ours(o: Record<string, number | string | boolean | null>) {
  return {
    sampleRate: o['sr'] as number,
    fftSize: o['n_fft'] as number,
    hopLength: o['hop'] as number,
    bands: o['n_mels'] as number,
    minimumFrequency: (o['fmin'] ?? 0) as number,
    ...(o['fmax'] ? { maximumFrequency: o['fmax'] as number } : {}),
    scale: o['htk'] ? ('htk' as const) : ('slaney' as const),
    normalization: o['norm'] === 'slaney' ? ('area' as const) : ('none' as const),
  };
}

describe('against librosa, torchaudio, transformers', () => {
  for (const c of cases('stft')) {
    it(c.name, () => {
      const tensor = read(c.name);
      const o = c.options as Record<string, number | boolean | string>;
      const result = stft(tensor('in.x').data, {
        fftSize: o['n_fft'] as number,
        hopLength: o['hop'] as number,
        windowLength: o['win'] as number,
        center: o['center'] as boolean,
        padding: o['pad_mode'] === 'reflect' ? 'reflect' : 'zeros',
      });
      const { shape } = result;
      const [frames, bins] = shape;
      expect([bins, frames]).toEqual(tensor('out.real').shape);
      expect(transposed({ data: result.real, shape })).toBeAllclose(tensor('out.real').data, {
        rtol: 1e-4,
        atol: 1e-5,
      });
      expect(transposed({ data: result.imaginary, shape })).toBeAllclose(tensor('out.imag').data, {
        rtol: 1e-4,
        atol: 1e-5,
      });
    });
  }

  for (const c of cases('mel_')) {
    it(c.name, () => {
      const expected = read(c.name)('out.filterbank');
      const { hopLength: _, ...filters } = ours(c.options);
      const bank = melFilterbank(filters);
      expect(bank.shape).toEqual(expected.shape);
      expect(bank.data).toBeAllclose(expected.data, { rtol: 1e-4, atol: 1e-7 });
    });
  }

  for (const c of cases('logmel')) {
    it(c.name, () => {
      const tensor = read(c.name);
      const x = tensor('in.x').data;
      const options = ours(c.options);
      const coefficients = (c.options as Record<string, number>)['n_mfcc'] as number;
      const close = { rtol: 1e-4, atol: 2e-4 };
      const power = melSpectrogram(x, options);
      expect(power.shape.toReversed()).toEqual(tensor('out.mel_power').shape);
      expect(transposed(power)).toBeAllclose(tensor('out.mel_power').data, { rtol: 1e-4, atol: 1e-7 });
      expect(transposed(powerToDecibels(power))).toBeAllclose(tensor('out.mel_db_top80').data, close);
      expect(transposed(powerToDecibels(power, { reference: 'maximum' }))).toBeAllclose(
        tensor('out.mel_db_ref_max').data,
        close,
      );
      const uncut = powerToDecibels(power, { range: Number.POSITIVE_INFINITY });
      expect(transposed(uncut)).toBeAllclose(tensor('out.mel_db_no_top').data, close);
      expect(transposed(logMel(x, options))).toBeAllclose(tensor('out.log_mel_eps1e-6').data, close);
      const cepstrum = mfcc(x, { ...options, coefficients });
      expect(transposed(cepstrum)).toBeAllclose(tensor('out.mfcc').data, close);
      const liftered = mfcc(x, { ...options, coefficients, lifter: 22 });
      expect(transposed(liftered)).toBeAllclose(tensor('out.mfcc_lifter22').data, { rtol: 1e-4, atol: 2e-3 });
      expect(transposed(delta(cepstrum))).toBeAllclose(tensor('out.delta_9').data, close);
      expect(transposed(delta(cepstrum, { order: 2 }))).toBeAllclose(tensor('out.delta2_9').data, close);
      expect(transposed(delta(cepstrum, { edge: 'repeat' }))).toBeAllclose(tensor('out.delta_9_nearest').data, close);
      expect(transposed(delta(cepstrum, { width: 5, edge: 'repeat' }))).toBeAllclose(
        tensor('out.delta_torchaudio_5').data,
        close,
      );
      const { sampleRate, fftSize, hopLength } = options;
      const centroid = spectralCentroid(x, { sampleRate, fftSize, hopLength });
      expect(centroid).toBeAllclose(tensor('out.spectral_centroid').data, { rtol: 1e-4, atol: 1e-2 });
    });
  }

  it('mfcc_torchaudio', () => {
    const tensor = read('mfcc_torchaudio');
    const cepstrum = mfcc(tensor('in.x').data, {
      sampleRate: 8000,
      fftSize: 256,
      hopLength: 80,
      bands: 40,
      scale: 'htk',
      normalization: 'none',
      coefficients: 13,
    });
    expect(transposed(cepstrum)).toBeAllclose(tensor('out.mfcc').data, { rtol: 1e-4, atol: 2e-4 });
  });

  for (const c of cases('kaldi')) {
    it(c.name, () => {
      const tensor = read(c.name);
      const o = c.options as Record<string, number | string>;
      const bank = kaldiFilterbank(tensor('in.x').data, {
        sampleRate: o['sr'] as number,
        bands: o['n_mels'] as number,
        window: o['window'] === 'povey' ? 'povey' : 'hann',
      });
      expect(bank.shape).toEqual(tensor('out.fbank').shape);
      expect(bank.data).toBeAllclose(tensor('out.fbank').data, { rtol: 1e-4, atol: 1e-4 });
    });
  }

  it('features of AST, Whisper and CLAP', () => {
    const ast = read('ast_64');
    expect(astFeatures(ast('in.x').data, { frames: 64 }).data).toBeAllclose(ast('out.input_values').data, {
      rtol: 1e-3,
      atol: 1e-4,
    });
    for (const [name, bands] of [
      ['whisper_1s', 80],
      ['whisper_128_mels_1s', 128],
    ] as const) {
      const tensor = read(name);
      const features = whisperFeatures(tensor('in.x').data, { bands, seconds: 1 });
      expect(features.shape.toReversed()).toEqual(tensor('out.input_features').shape);
      expect(transposed(features)).toBeAllclose(tensor('out.input_features').data, { rtol: 1e-4, atol: 1e-4 });
    }
    const clap = read('clap_1s');
    const features = clapFeatures(clap('in.x').data, { seconds: 1 });
    expect(features.data).toBeAllclose(clap('out.input_features').data, { rtol: 1e-4, atol: 1e-3 });
  });

  for (const c of cases('resample')) {
    it(c.name, () => {
      const tensor = read(c.name);
      const o = c.options as Record<string, number>;
      const rates = { from: o['orig'] as number, to: o['new'] as number };
      const close = { rtol: 1e-4, atol: 1e-5 };
      expect(resample(tensor('in.x').data, rates)).toBeAllclose(tensor('out.sinc_hann').data, close);
      expect(resample(tensor('in.x').data, { ...rates, method: 'polyphase' })).toBeAllclose(
        tensor('out.polyphase').data,
        close,
      );
    });
  }

  for (const c of cases('griffin')) {
    it(c.name, () => {
      const tensor = read(c.name);
      const o = c.options as Record<string, number>;
      const { data, shape } = tensor('in.magnitude');
      const [bins, frames] = shape as [number, number];
      const magnitude = { data: transposed({ data, shape: [bins, frames] }), shape: [frames, bins] as const };
      const length = c.inputs['length']?.value as number;
      const analysis = { fftSize: o['n_fft'] as number, hopLength: o['hop'] as number };
      const y = griffinLim(magnitude, {
        ...analysis,
        iterations: o['n_iter'] as number,
        momentum: o['momentum'] as number,
        length,
      });
      const again = stft(y, analysis);
      let difference = 0;
      let norm = 0;
      magnitude.data.forEach((v, i) => {
        difference += (Math.hypot(again.real[i] as number, again.imaginary[i] as number) - v) ** 2;
        norm += v * v;
      });
      expect(Math.sqrt(difference / norm)).toBeAllclose(c.outputs['error']?.value as number, { rtol: 0.05 });
      expect(y).toBeAllclose(tensor('out.y').data, { atol: 1e-2 });
    });
  }
});
