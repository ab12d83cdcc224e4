import {
  CrossmodalError,
  type Inputs,
  type Preprocessing,
  type Random,
  randomRemedy,
  requireInteger,
  requireOneOf,
  requirePositive,
} from '@crossmodal/core';
import { mapConcurrently } from '@crossmodal/core/data';
import * as tf from '@tensorflow/tfjs-core';
import { logMel, type MelSpectrogramOptions } from '../dsp/mel-spectrogram.js';
import { type AudioItem, fitLength, loadWaveform } from '../load/load-waveform.js';
import type { Spectrogram } from '../waveform.js';

export interface WaveformPreparation {
  /** Samples per second that recordings are brought to, in hertz. */
  sampleRate: number;
  /** Length in seconds: shorter recordings are zero-padded, longer ones cut (to the middle; when training, at random). */
  seconds: number;
  /** Changes the samples of a training batch. */
  augmentWaveform?: (samples: Float32Array, random: Random) => Float32Array;
}

export interface SpectrogramPreparation
  extends WaveformPreparation,
    Omit<MelSpectrogramOptions, 'sampleRate' | 'center' | 'padding'> {
  /** Added to the power before the logarithm. */
  offset?: number;
  /** What is taken away and divided by: the mean and deviation of each clip, or fixed ones. */
  standardize?: 'clip' | { mean: number; standardDeviation: number };
  /** Changes the standardised features of a training batch, for example `specAugment`. */
  augmentFeatures?: (features: Spectrogram, random: Random) => Spectrogram;
}

interface PrepareOptions {
  training?: boolean;
  random?: Random;
}

/** The stream of each item of a batch, or undefined when nothing is drawn. */
function itemRandom(
  { training = false, random }: PrepareOptions,
  augments: boolean,
): (index: number) => Random | undefined {
  if (!training) return () => undefined;
  if (!random) {
    if (!augments) return () => undefined;
    throw new CrossmodalError('prepare: augmentation needs options.random', {
      remedy: randomRemedy,
    });
  }
  const batch = random.fork(random.integer(2 ** 32));
  return (index) => batch.fork(index);
}

/** Loads one item and brings it to at most `length` samples; what is missing is not filled yet. */
async function clip(
  item: AudioItem,
  random: Random | undefined,
  { sampleRate, augmentWaveform }: WaveformPreparation,
  length: number,
): Promise<Float32Array> {
  const { samples } = await loadWaveform(item, { sampleRate });
  const start = random && samples.length > length ? random.integer(samples.length - length + 1) : undefined;
  const cut = samples.length > length ? fitLength(samples, length, start === undefined ? {} : { start }) : samples;
  return random && augmentWaveform ? augmentWaveform(cut, random) : cut;
}

/** What the preparation of an encoder of this package does, by its options. */
export function soundPreprocessing(
  options: WaveformPreparation | SpectrogramPreparation,
  input: 'waveform' | 'features',
): Preprocessing {
  const plain = Object.entries(options).filter(([, value]) => typeof value !== 'function' && value !== undefined);
  const { standardize = 'clip' } = options as SpectrogramPreparation;
  return {
    facts: {
      modality: 'audio',
      ...Object.fromEntries(plain),
      channels: 'mixed to one',
      samples: 'in [-1, 1], filled with zeros behind, longer ones cut to their middle',
      ...(input === 'waveform'
        ? { layout: 'batch, samples' }
        : { layout: 'batch, frames, bands', features: 'log-mel', standardize }),
    },
  };
}

/** Checks rate and duration; returns the number of samples. */
export function lengthOf(where: string, { sampleRate, seconds }: { sampleRate: number; seconds: number }): number {
  requireInteger(`${where}: sampleRate`, sampleRate);
  requirePositive(`${where}: seconds`, seconds);
  return Math.max(1, Math.round(sampleRate * seconds));
}

/** `prepare` of an encoder of samples: `waveform` [batch, length]. */
export function waveformPreparation(options: WaveformPreparation) {
  const length = lengthOf('waveformEncoder', options);
  return async (items: readonly AudioItem[], given: PrepareOptions = {}): Promise<Inputs> => {
    const randomOf = itemRandom(given, options.augmentWaveform !== undefined);
    const clips = await mapConcurrently(items, (item, i) => clip(item, randomOf(i), options, length));
    const data = new Float32Array(items.length * length);
    for (const [i, samples] of clips.entries()) data.set(fitLength(samples, length), i * length);
    return { waveform: tf.tensor2d(data, [items.length, length]) };
  };
}

/** The options of `logMel` among those of an encoder. */
function featureOptions({
  sampleRate,
  seconds: _,
  augmentWaveform: __,
  standardize: ___,
  augmentFeatures: ____,
  ...rest
}: SpectrogramPreparation) {
  return { ...rest, sampleRate, padding: 'zeros' as const };
}

/** Frames that `seconds` of sound give, and the options of their log-mel spectrogram. */
export function spectrogramShape(where: string, options: SpectrogramPreparation): { frames: number; bands: number } {
  const [frames, bands] = logMel(new Float32Array(lengthOf(where, options)), featureOptions(options)).shape;
  return { frames, bands };
}

/** `prepare` of an encoder of spectrograms: `features` [batch, frames, bands], and `mask` [batch, frames] of real frames. */
export function spectrogramPreparation(
  options: SpectrogramPreparation,
  { frames, bands }: { frames: number; bands: number },
  { withMask }: { withMask: boolean },
) {
  const { standardize = 'clip', augmentFeatures, augmentWaveform } = options;
  if (typeof standardize !== 'object') requireOneOf('spectrogramEncoder: standardize', standardize, ['clip']);
  const length = lengthOf('spectrogramEncoder', options);
  return async (items: readonly AudioItem[], given: PrepareOptions = {}): Promise<Inputs> => {
    const randomOf = itemRandom(given, augmentFeatures !== undefined || augmentWaveform !== undefined);
    const data = new Float32Array(items.length * frames * bands);
    const mask = new Float32Array(items.length * frames);
    const fill = async (item: AudioItem, i: number) => {
      const random = randomOf(i);
      const samples = await clip(item, random, options, length);
      let features = standardized(logMel(samples, featureOptions(options)), standardize);
      if (random && augmentFeatures) features = augmentFeatures(features, random);
      const real = Math.min(frames, features.shape[0]);
      data.set(features.data.subarray(0, real * bands), i * frames * bands);
      mask.fill(1, i * frames, i * frames + real);
    };
    await mapConcurrently(items, fill);
    const inputs: Inputs = { features: tf.tensor3d(data, [items.length, frames, bands]) };
    if (withMask) inputs['mask'] = tf.tensor2d(mask, [items.length, frames]);
    return inputs;
  };
}

function standardized(
  { data, shape }: Spectrogram,
  how: 'clip' | { mean: number; standardDeviation: number },
): Spectrogram {
  let { mean, standardDeviation } = how === 'clip' ? { mean: 0, standardDeviation: 0 } : how;
  if (how === 'clip') {
    for (const v of data) mean += v / data.length;
    for (const v of data) standardDeviation += (v - mean) ** 2 / data.length;
    standardDeviation = Math.max(Math.sqrt(standardDeviation), 1e-5); // silence has no deviation
  }
  return { data: data.map((v) => (v - mean) / standardDeviation), shape };
}
