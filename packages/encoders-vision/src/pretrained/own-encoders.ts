import { assertKnownOptions, type Encoder, loadSavedModel, type ModelFiles, type Random } from '@crossmodal/core';
import { convolutionalEncoder } from '../encoders/convolutional.js';
import { linearEncoder } from '../encoders/linear.js';
import { residualEncoder } from '../encoders/residual.js';
import { visionTransformerEncoder } from '../encoders/vision-transformer.js';
import type { Image } from '../image.js';
import type { PretrainedImageEncoder } from './pretrained-image-encoder.js';

/** Our own encoders by the type in their config.json. */
const constructors: Readonly<Record<string, (options: never) => Encoder<never>>> = {
  convolutionalEncoder,
  linearEncoder,
  residualEncoder,
  visionTransformerEncoder,
};

/** An encoder of this package that was saved. Its augmentation is not: it is given anew. */
export async function ownEncoder(
  files: ModelFiles,
  config: Readonly<Record<string, unknown>>,
  options: { augment?: (image: Image, random: Random) => Image },
  { where }: { where: string },
): Promise<PretrainedImageEncoder> {
  assertKnownOptions(`${where}: an encoder that was saved here`, options, ['augment']);
  const made = Object.fromEntries(
    Object.entries(constructors).map(([type, make]) => [type, (saved: object) => make(saved as never)]),
  );
  const encoder = await loadSavedModel<Encoder<never>>(files, made, { where, given: { ...options } });
  return Object.assign(encoder, {
    ...{ family: String(config['type']), config, unused: [], labels: undefined },
  }) as unknown as PretrainedImageEncoder;
}
