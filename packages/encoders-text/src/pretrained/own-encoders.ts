import {
  assertKnownOptions,
  type Encoder,
  isSavedModel,
  loadSavedModel,
  type ModelFiles,
  readConfig,
} from '@crossmodal/core';
import { type BagEncoderOptions, bagEncoder } from '../encoders/bag.js';
import { lstmEncoder, type RecurrentEncoderOptions } from '../encoders/recurrent.js';
import { savedTokenizer } from '../encoders/saved-text.js';
import { type TransformerEncoderOptions, transformerEncoder } from '../encoders/transformer.js';
import type { Tokenizer } from '../tokenizers/tokenizer.js';
import type { PretrainedTextEncoder } from './pretrained-text-encoder.js';

/** Our own encoders by the type in their config.json. */
const constructors: Readonly<Record<string, (options: never) => Encoder<string>>> = {
  bagEncoder: (options: BagEncoderOptions) => bagEncoder(options),
  lstmEncoder: (options: RecurrentEncoderOptions) => lstmEncoder(options),
  transformerEncoder: (options: TransformerEncoderOptions) => transformerEncoder(options),
};

/** An encoder of this package that was saved, or undefined when the files are of another model. */
export async function ownEncoder(
  files: ModelFiles,
  options: { tokenizer?: Tokenizer },
  { where }: { where: string },
): Promise<PretrainedTextEncoder | undefined> {
  if (!files.has('config.json')) return undefined;
  const config = await readConfig(files, 'config.json', { where });
  if (!isSavedModel(config)) return undefined;
  assertKnownOptions(`${where}: an encoder that was saved here`, options, ['tokenizer']);
  const made = Object.fromEntries(
    Object.entries(constructors).map(([type, make]) => [
      type,
      async (saved: Record<string, unknown>, _: ModelFiles, within: <T>(make: () => T) => T) => {
        const own = options.tokenizer ?? (await savedTokenizer(files, { where }));
        return within(() => make({ ...saved, tokenizer: own } as never));
      },
    ]),
  );
  const encoder = await loadSavedModel<Encoder<string>>(files, made, { where });
  const { maximumLength } = config['options'] as { maximumLength: number };
  return Object.assign(encoder, {
    ...{ family: String(config['type']), config, unused: [], prompts: {}, maximumLength },
  }) as unknown as PretrainedTextEncoder;
}
