import {
  assertKnownOptions,
  CrossmodalError,
  disposeVariables,
  type Encoder,
  type ModelCard,
  type ModelFiles,
  modelFiles,
  openWeights,
  readConfig,
  requireInteger,
  requireOneOf,
  type StoredWeights,
  type WeightSpecs,
} from '@crossmodal/core';
import { Config, linear, linearSpecs, type Parameters } from '@crossmodal/core/blocks';
import type { StoredTensor } from '@crossmodal/core/safetensors';
import type { Tensor3D } from '@tensorflow/tfjs-core';
import type { Decoder } from '../decoders/decoder.js';
import {
  assembled,
  type EncoderDecoder,
  isOwnEncoderDecoder,
  loadOwnEncoderDecoder,
} from '../models/encoder-decoder.js';
import type { SequenceTokenizer } from '../models/sequence-tokenizer.js';
import { gpt2Decoder, whisperDecoder } from './decoder-families.js';
import { generationConfig } from './generation-config.js';
import type { LoadedTokenizer } from './language-model.js';
import { type LoadedDecoder, loadDecoder } from './load-decoder.js';
import { type WhisperTask, whisperPrompt } from './whisper-prompt.js';

export interface LoadEncoderDecoderOptions<Item = never> extends WhisperTask {
  /** The folder's encoder: by `loadAudioEncoder` of the same files for Whisper, by `loadImageEncoder` of `encoderFiles(files)` for others. */
  encoder: Encoder<Item>;
  /** The folder's tokeniser; for models of `encoderDecoder` that with which they were made. */
  tokenizer: LoadedTokenizer | SequenceTokenizer;
  /** Most tokens of a text, at most what the decoder has room for, which it is unless given; models of `encoderDecoder` have their own. */
  maximumLength?: number;
  /**
   * Seed of dropout when training.
   * @default 0
   */
  seed?: number;
  /**
   * Tensors of the file that the model does not know are passed over.
   * @default false
   */
  allowExtra?: boolean;
}

/**
 * A model from its files: those of `encoderDecoder`, and folders in Hugging Face's layout of Whisper and of vision-encoder-decoder with
 * GPT-2. The encoder is loaded before, by the package of its modality.
 *
 * @throws CrossmodalError when the family is another, the encoder does not fit, an option does not apply to the files, or weights are
 *   missing, extra or of another shape
 * @see Radford et al. (2022), Whisper; Li et al. (2021), TrOCR, for vision-encoder-decoder
 * @example
 * const files = await openFolder('whisper-tiny');
 * const encoder = await loadAudioEncoder(files);
 * const model = await loadEncoderDecoder(files, { encoder, tokenizer: await loadTokenizer('whisper-tiny'), language: 'en' });
 */
export async function loadEncoderDecoder<Item>(
  files: ModelFiles,
  options: LoadEncoderDecoderOptions<Item>,
): Promise<EncoderDecoder<Item>> {
  assertKnownOptions('loadEncoderDecoder', options, {
    encoder: true,
    tokenizer: true,
    maximumLength: true,
    seed: true,
    allowExtra: true,
    language: true,
    task: true,
  } satisfies Record<keyof LoadEncoderDecoderOptions, true>);
  const where = 'loadEncoderDecoder';
  const { encoder, tokenizer, seed = 0, allowExtra = false } = options;
  if (options.task !== undefined) requireOneOf(`${where}: task`, options.task, ['transcribe', 'translate']);
  const config = await readConfig(files, 'config.json', { where });
  if (isOwnEncoderDecoder(config)) {
    refuseOptions(options, ['maximumLength', 'seed', 'allowExtra', 'language', 'task'], 'a model of encoderDecoder');
    return loadOwnEncoderDecoder(files, { encoder, tokenizer: tokenizer as SequenceTokenizer });
  }
  if (!encoder.encodeSequence) {
    throw new CrossmodalError(`${where}: the ${encoder.modality} encoder must have encodeSequence, it has not`);
  }
  if (options.maximumLength !== undefined) requireInteger(`${where}: maximumLength`, options.maximumLength, 2);
  const family = String(config['model_type']);
  const { label } = files.get('config.json')!;
  if (family !== 'whisper' && family !== 'vision-encoder-decoder') {
    throw new CrossmodalError(
      `${label}: model_type must be whisper, vision-encoder-decoder, or that of encoderDecoder, got ${JSON.stringify(config['model_type'])}`,
    );
  }
  if (family !== 'whisper') refuseOptions(options, ['language', 'task'], family);
  const weights = await openWeights(files, { where });
  const generation = await generationConfig(files, config);
  const load = { where, seed, allowExtra };
  const { prompt, open, process } =
    family === 'whisper'
      ? whisperPrompt(generation.values, options)
      : { prompt: [startToken(generation.values)], open: [], process: undefined };
  // What can be refused without the weights is refused before they are there; nothing is left behind then.
  const loaded =
    family === 'whisper'
      ? await whisper(weights, new Config(config, label), load)
      : await visionEncoderDecoder(weights, new Config(config, label), load, encoder.dimension);
  const { decoder } = loaded;
  const room = decoder.maximumLength - prompt.length + 1;
  const maximumLength = options.maximumLength ?? room;
  if (maximumLength > room) {
    disposeVariables([...loaded.variables.values()]);
    throw new CrossmodalError(
      `${where}: maximumLength must be at most ${room} (the decoder has room for ${decoder.maximumLength} tokens, ${prompt.length} of them begin a text), got ${maximumLength}`,
    );
  }
  return assembled<Item>(
    {
      encoder,
      decoder,
      tokenizer: sequenceTokenizer(
        tokenizer,
        {
          vocabularySize: decoder.vocabularySize,
          paddingId: generation.paddingId,
          beginId: prompt[0]!,
          endId: generation.endIds[0]!,
        },
        [...prompt, ...open.flat()],
      ),
      maximumLength,
      prompt,
      requireWholePrompt: open.length > 0 ? refuseOpenLanguage : undefined,
      process,
      seed,
      ...{ labelSmoothing: 0, scheduledSampling: 0, memoryPositions: false, trainEncoder: true },
    },
    (_model, card) => savedFiles(files, config, { encoder, loaded, card }),
  );
}

/** Refuses options that these files leave no choice of: they would be passed over. */
function refuseOptions<Item>(
  options: LoadEncoderDecoderOptions<Item>,
  names: readonly (keyof LoadEncoderDecoderOptions)[],
  kind: string,
): void {
  const name = names.find((one) => options[one] !== undefined);
  if (name === undefined) return;
  throw new CrossmodalError(
    `loadEncoderDecoder: ${name} must be left out for ${kind}, got ${JSON.stringify(options[name])}`,
    { remedy: 'the files say it, or the model has no such choice' },
  );
}

interface LoadOptions {
  where: string;
  seed: number;
  allowExtra: boolean;
}

async function whisper(weights: StoredWeights, config: Config, load: LoadOptions): Promise<LoadedDecoder> {
  return loadDecoder(weights, whisperDecoder(config), { ...load, ignored: [/(^|\.)encoder\./, /^proj_out\.weight$/] });
}

/** GPT-2 with attention to the encoder; vectors of another width go through `enc_to_dec_proj`. */
async function visionEncoderDecoder(
  weights: StoredWeights,
  config: Config,
  load: LoadOptions,
  memoryWidth: number,
): Promise<LoadedDecoder> {
  const part = config.part('decoder');
  if (part?.raw('model_type') !== 'gpt2') {
    throw new CrossmodalError(
      `${config.label}: the decoder's model_type must be gpt2, got ${JSON.stringify(part?.raw('model_type'))}`,
    );
  }
  const family = gpt2Decoder(part, { memoryWidth });
  const projection = 'enc_to_dec_proj';
  const projected = weights.entries.has(`${projection}.weight`);
  if (!projected && memoryWidth !== family.stack.width) {
    throw new CrossmodalError(
      `${load.where}: the encoder's vectors must have the width ${family.stack.width}, got ${memoryWidth}`,
    );
  }
  const more: WeightSpecs = projected ? linearSpecs(projection, memoryWidth, family.stack.width) : {};
  const loaded = await loadDecoder(
    weights,
    { ...family, prefixes: ['decoder.transformer.', 'decoder.'] },
    {
      ...load,
      more,
      ignored: [
        /^encoder\./,
        /^decoder\.lm_head\.weight$/,
        /attn\.(bias|masked_bias)$/,
        /crossattention\.(bias|masked_bias)$/,
      ],
    },
  );
  return projected ? { ...loaded, decoder: withProjection(loaded.decoder, loaded.parameters, projection) } : loaded;
}

/** The same decoder, whose memory is projected first. */
function withProjection(decoder: Decoder, parameters: Parameters, name: string): Decoder {
  const project = (sequence: Tensor3D) => linear(parameters, name, sequence) as Tensor3D;
  return {
    ...decoder,
    logits: (ids, memory, options) =>
      decoder.logits(ids, memory && { ...memory, sequence: project(memory.sequence) }, options),
    state(shape) {
      const state = decoder.state(shape);
      return { ...state, remember: (memory) => state.remember({ ...memory, sequence: project(memory.sequence) }) };
    },
    namedVariables: () => parameters.named(),
  };
}

function startToken(values: Readonly<Record<string, unknown>>): number {
  const start = values['decoder_start_token_id'] ?? values['bos_token_id'];
  if (!Number.isSafeInteger(start)) {
    throw new CrossmodalError(
      `config.json: decoder_start_token_id must be a token's number, got ${JSON.stringify(start)}`,
    );
  }
  return start as number;
}

/** @throws CrossmodalError always: texts are learned in a language that is known */
function refuseOpenLanguage(): never {
  throw new CrossmodalError('loss: the language of the texts must be known, it was left open', {
    remedy: 'pass { language } to loadEncoderDecoder',
  });
}

/**
 * A loaded tokeniser with the special tokens that the folder's configuration names. Those, and the tokens that sequences begin with, are
 * no part of texts: the tokeniser of Whisper puts them there by itself.
 */
function sequenceTokenizer(
  tokenizer: LoadedTokenizer,
  special: Pick<SequenceTokenizer, 'vocabularySize' | 'paddingId' | 'beginId' | 'endId'>,
  beginning: readonly number[],
): SequenceTokenizer {
  const marks = new Set([special.paddingId, special.beginId, special.endId, ...beginning]);
  return {
    ...special,
    encode: (text) => tokenizer.encode(text).filter((id) => !marks.has(id)),
    decode: (ids) => tokenizer.decode(ids),
  };
}

/** The folder again, with the weights as they are now. */
async function savedFiles(
  files: ModelFiles,
  config: Readonly<Record<string, unknown>>,
  { encoder, loaded, card }: { encoder: Encoder<never>; loaded: LoadedDecoder; card: ModelCard | undefined },
): Promise<ModelFiles> {
  if (!encoder.files) throw new CrossmodalError('files: the encoder cannot be saved, it has no files');
  const stored = await openWeights(await encoder.files(), { where: 'files' });
  const prefix = config['model_type'] === 'vision-encoder-decoder' ? 'encoder.' : '';
  const carried = new Map<string, StoredTensor>();
  for (const name of stored.entries.keys()) carried.set(prefix + name, await stored.read(name));
  const others = new Map([...files].filter(([name]) => !/safetensors|^config\.json$|\.bin$/.test(name)));
  const { variables, specs } = loaded;
  return modelFiles({ config, variables, specs, others, carried, ...(card ? { card } : {}) });
}
