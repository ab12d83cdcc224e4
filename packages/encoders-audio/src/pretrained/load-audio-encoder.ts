import {
  assertKnownOptions,
  CrossmodalError,
  isSavedModel,
  isTraining,
  type ModelFile,
  type ModelFiles,
  memoryFile,
  openWeights,
  type Random,
  randomRemedy,
  readConfig,
  readJson,
  requirePositive,
} from '@crossmodal/core';
import {
  Config,
  type PretrainedEncoder,
  type PretrainedOptions,
  pretrainedEncoder,
  savedOptionsFile,
  withSavedOptions,
} from '@crossmodal/core/blocks';
import { mapConcurrently } from '@crossmodal/core/data';
import type { SpectrogramEncoderOptions } from '../encoders/spectrogram.js';
import { type AudioItem, fitLength, loadWaveform } from '../load/load-waveform.js';
import { audioArchitecture } from './families.js';
import { ownEncoder } from './own-encoders.js';

export interface LoadAudioEncoderOptions extends PretrainedOptions {
  /** Longer recordings are cut to their middle (when training, at random); as the family does unless given. */
  seconds?: number;
  /** Changes the samples of a training batch. */
  augmentWaveform?: (samples: Float32Array, random: Random) => Float32Array;
  /** Changes the spectra of a training batch; of encoders that were saved here. */
  augmentFeatures?: SpectrogramEncoderOptions['augmentFeatures'];
}

/** Options that are saved with the model, and those that cannot be. */
const savedNames = { names: ['seconds', 'seed', 'dropout'], functions: ['augmentWaveform'] };

/** Files of the folder that are saved along as they are. */
const otherFiles = [
  ...['preprocessor_config.json', 'processor_config.json', 'vocab.json', 'tokenizer.json', 'tokenizer_config.json'],
  ...['special_tokens_map.json', 'merges.txt', 'generation_config.json', 'LICENSE', 'LICENSE.txt', 'README.md'],
];

/**
 * Loads an audio encoder that trains from a folder in Hugging Face's layout: AST, wav2vec 2.0 and HuBERT (with their head of
 * symbols, if any), Whisper's encoder, CLAP's audio tower. Recordings are prepared as the family's feature extractor does.
 *
 * @param source path of the folder, or its files
 * @returns an encoder of recordings; its inputs are `waveform` [batch, samples] and `mask` (wav2vec 2.0, HuBERT), or
 *   `features` [batch, frames, bands]
 * @throws CrossmodalError naming the file when the family is unknown, weights are missing, extra or of another shape
 * @see https://huggingface.co/docs/transformers
 * @example
 * const encoder = await loadAudioEncoder('models/wav2vec2-base');
 * const vectors = encoder.encode(await encoder.prepare(['hello.wav']));
 */
export async function loadAudioEncoder(
  source: string | ModelFiles,
  given: LoadAudioEncoderOptions = {},
): Promise<PretrainedEncoder<AudioItem>> {
  const where = 'loadAudioEncoder';
  assertKnownOptions('loadAudioEncoder', given, [
    'seconds',
    'augmentWaveform',
    'augmentFeatures',
    'seed',
    'dropout',
    'allowExtra',
  ]);
  const files =
    typeof source === 'string' ? await (await import('@crossmodal/core/models')).openFolder(source) : source;
  const values = await readConfig(files, 'config.json', { where });
  if (isSavedModel(values)) return ownEncoder(files, values, given, { where });
  const options = await withSavedOptions(files, given, { where, ...savedNames });
  const { seconds, augmentWaveform } = options;
  if (options.augmentFeatures) {
    throw new CrossmodalError(`${where}: augmentFeatures is for encoders that were saved here`, {
      remedy: 'use augmentWaveform',
    });
  }
  if (seconds !== undefined) requirePositive(`${where}: seconds`, seconds);
  const config = new Config(values, files.get('config.json')!.label);
  const weights = await openWeights(files, { where });
  const architecture = audioArchitecture(where, config, weights);
  const preparation = architecture.preparation(await settingsOf(files));
  const settings = ((await readJson(files, 'preprocessor_config.json')) ?? {}) as Record<string, unknown>;
  const { sampleRate } = preparation;
  const limit = seconds === undefined ? undefined : Math.max(1, Math.round(seconds * sampleRate));
  return pretrainedEncoder<AudioItem>({
    where,
    modality: 'audio',
    files,
    weights,
    config: values,
    ...(architecture.written ? { written: architecture.written } : {}),
    others: new Map([...(await kept(files, otherFiles)), ...savedOptionsFile(options, savedNames)]),
    architecture,
    seed: options.seed ?? 0,
    dropout: options.dropout ?? 1,
    allowExtra: options.allowExtra ?? false,
    preprocessing: {
      facts: {
        modality: 'audio',
        ...settings,
        sampling_rate: sampleRate,
        ...(seconds === undefined ? {} : { seconds }),
        channels: 'mixed to one',
        samples: 'in [-1, 1]',
      },
    },
    async prepare(items, { random, ...rest } = {}) {
      const training = isTraining('prepare', rest);
      if (items.length === 0) throw new CrossmodalError('prepare: items must hold at least one recording, got none');
      if (training && augmentWaveform && !random) {
        throw new CrossmodalError('prepare: augmentation needs options.random', {
          remedy: randomRemedy,
        });
      }
      const batch = training && random ? random.fork(random.integer(2 ** 32)) : undefined;
      const clips = await mapConcurrently(items, async (item, index) => {
        const { samples } = await loadWaveform(item, { sampleRate });
        const clip = samples instanceof Float32Array ? samples : Float32Array.from(samples);
        const own = batch?.fork(index);
        const start = own && limit && clip.length > limit ? own.integer(clip.length - limit + 1) : undefined;
        const cut = limit && clip.length > limit ? fitLength(clip, limit, start === undefined ? {} : { start }) : clip;
        return own && augmentWaveform ? augmentWaveform(cut, own) : cut;
      });
      return preparation.inputs(clips);
    },
  });
}

async function settingsOf(files: ModelFiles): Promise<Config> {
  const name = 'preprocessor_config.json';
  const values = (await readJson(files, name)) ?? {};
  const label = files.get(name)?.label ?? name;
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw new CrossmodalError(`${label}: it must hold an object`);
  }
  return new Config(values as Record<string, unknown>, label);
}

/** Files that are saved along are read now: the folder may be gone, or replaced, by then. */
async function kept(files: ModelFiles, names: readonly string[]): Promise<ModelFiles> {
  const copies = new Map<string, ModelFile>();
  for (const name of names) {
    const file = files.get(name);
    if (file) copies.set(name, memoryFile(await file.read(), { label: name }));
  }
  return copies;
}
