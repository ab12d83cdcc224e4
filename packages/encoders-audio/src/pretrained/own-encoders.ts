import { assertKnownOptions, type Encoder, loadSavedModel, type ModelFiles } from '@crossmodal/core';
import type { PretrainedEncoder } from '@crossmodal/core/blocks';
import { type SpectrogramEncoderOptions, spectrogramEncoder } from '../encoders/spectrogram.js';
import { audioTransformerEncoder } from '../encoders/transformer.js';
import { waveformEncoder } from '../encoders/waveform.js';
import type { AudioItem } from '../load/load-waveform.js';

/** Our own encoders by the type in their config.json. */
const constructors: Readonly<Record<string, (options: never) => Encoder<AudioItem>>> = {
  audioTransformerEncoder,
  spectrogramEncoder,
  waveformEncoder,
};

/** An encoder of this package that was saved. Its augmentations are not: they are given anew. */
export async function ownEncoder(
  files: ModelFiles,
  config: Readonly<Record<string, unknown>>,
  options: Pick<SpectrogramEncoderOptions, 'augmentWaveform' | 'augmentFeatures'>,
  { where }: { where: string },
): Promise<PretrainedEncoder<AudioItem>> {
  assertKnownOptions(`${where}: an encoder that was saved here`, options, ['augmentWaveform', 'augmentFeatures']);
  const made = Object.fromEntries(
    Object.entries(constructors).map(([type, make]) => [type, (saved: object) => make(saved as never)]),
  );
  const encoder = await loadSavedModel<Encoder<AudioItem>>(files, made, { where, given: { ...options } });
  return Object.assign(encoder, {
    ...{ family: String(config['type']), config, unused: [] },
  }) as unknown as PretrainedEncoder<AudioItem>;
}
