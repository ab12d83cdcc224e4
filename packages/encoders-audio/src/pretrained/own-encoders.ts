import { type Encoder, loadSavedModel, type ModelFiles, type Random } from '@crossmodal/core';
import type { PretrainedEncoder } from '@crossmodal/core/blocks';
import { spectrogramEncoder } from '../encoders/spectrogram.js';
import { audioTransformerEncoder } from '../encoders/transformer.js';
import { waveformEncoder } from '../encoders/waveform.js';
import type { AudioItem } from '../load/load-waveform.js';

/** Our own encoders by the type in their config.json. */
const constructors: Readonly<Record<string, (options: never) => Encoder<AudioItem>>> = {
  audioTransformerEncoder,
  spectrogramEncoder,
  waveformEncoder,
};

type Augment = ((samples: Float32Array, random: Random) => Float32Array) | undefined;

/** An encoder of this package that was saved. Its augmentations are not: that of the waveform is given anew. */
export async function ownEncoder(
  files: ModelFiles,
  config: Readonly<Record<string, unknown>>,
  { where, augmentWaveform }: { where: string; augmentWaveform: Augment },
): Promise<PretrainedEncoder<AudioItem>> {
  const made = Object.fromEntries(
    Object.entries(constructors).map(([type, make]) => [
      type,
      (options: Record<string, unknown>) =>
        make({ ...options, ...(augmentWaveform ? { augmentWaveform } : {}) } as never),
    ]),
  );
  const encoder = await loadSavedModel<Encoder<AudioItem>>(files, made, { where });
  return Object.assign(encoder, {
    ...{ family: String(config['type']), config, unused: [] },
  }) as unknown as PretrainedEncoder<AudioItem>;
}
