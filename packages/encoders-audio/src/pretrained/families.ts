import { CrossmodalError, type StoredWeights } from '@crossmodal/core';
import type { Config } from '@crossmodal/core/blocks';
import type { AudioArchitecture } from './audio-architecture.js';
import { ast } from './families/ast.js';
import { clapAudio } from './families/clap.js';
import { wav2vec2 } from './families/wav2vec2.js';
import { whisper } from './families/whisper.js';

/** By `model_type` of config.json. */
const families: Readonly<Record<string, (config: Config, weights: StoredWeights) => AudioArchitecture>> = {
  'audio-spectrogram-transformer': ast,
  clap: clapAudio,
  clap_audio_model: clapAudio,
  hubert: wav2vec2,
  wav2vec2,
  whisper,
};

/** @throws CrossmodalError that names the families there are, when it is another */
export function audioArchitecture(where: string, config: Config, weights: StoredWeights): AudioArchitecture {
  const type = config.text('model_type', '');
  if (!Object.hasOwn(families, type)) {
    throw new CrossmodalError(
      `${where}: ${config.label}: model_type must be one of ${Object.keys(families).join(', ')}, got ${type === '' ? 'none' : `'${type}'`}`,
      { remedy: 'load texts and images with loadTextEncoder and loadImageEncoder' },
    );
  }
  return families[type]!(config, weights);
}
