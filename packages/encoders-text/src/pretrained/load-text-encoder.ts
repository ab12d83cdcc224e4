import {
  assertKnownOptions,
  CrossmodalError,
  type ModelFile,
  type ModelFiles,
  memoryFile,
  readConfig,
  readJson,
  subfolder,
} from '@crossmodal/core';
import {
  Config,
  type PretrainedOptions,
  pretrainedEncoder,
  savedOptionsFile,
  withSavedOptions,
} from '@crossmodal/core/blocks';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { tokenizerJson } from '../encoders/saved-text.js';
import type { TextOrPair } from '../tokenizers/pretrained/pretrained-tokenizer.js';
import type { Tokenizer } from '../tokenizers/tokenizer.js';
import { textArchitecture } from './families.js';
import { ownEncoder } from './own-encoders.js';
import { isPooling, pooled, poolingNames, type TextPooling } from './pooling.js';
import { preparedTexts } from './prepare-texts.js';
import type { PretrainedTextEncoder } from './pretrained-text-encoder.js';
import { sentenceModules } from './sentence-modules.js';
import { maskOf, type TextArchitecture } from './text-architecture.js';
import { tokenizerFiles, tokenizerOf, tokenizerSettings } from './text-files.js';

export interface LoadTextEncoderOptions extends PretrainedOptions {
  /** Instead of the folder's own. */
  tokenizer?: Tokenizer;
  /** Tokens per text, special ones included; as the folder says unless given. */
  maximumLength?: number;
  /** How the vector is made from those of the tokens; as the folder says unless given. */
  pooling?: TextPooling;
  /** Lengths of batches are multiples of this, so that few shapes are compiled. */
  lengthMultiple?: number;
}

/**
 * Loads a text encoder that trains from a folder in Hugging Face's layout: BERT (MiniLM, bge, e5), RoBERTa, XLM-R, DistilBERT,
 * MPNet, ModernBERT, GPT-2, the text towers of CLIP, SigLIP and CLAP, and folders of sentence-transformers with their pooling.
 * The vector is what the folder says; without a word of it, what transformers calls `pooler_output`, or the mean of the tokens.
 *
 * @param source path of the folder, or its files
 * @returns an encoder of texts and pairs of them; its inputs are `ids` and `mask` [batch, length], and `typeIds` of pairs
 * @throws CrossmodalError naming the file when the family is unknown, weights are missing, extra or of another shape
 * @see https://huggingface.co/docs/transformers
 * @example
 * const encoder = await loadTextEncoder('models/all-MiniLM-L6-v2');
 * const vectors = encoder.encode(await encoder.prepare(['a cat', 'two dogs']));
 */
export async function loadTextEncoder(
  source: string | ModelFiles,
  given: LoadTextEncoderOptions = {},
): Promise<PretrainedTextEncoder> {
  const where = 'loadTextEncoder';
  assertKnownOptions('loadTextEncoder', given, [
    'tokenizer',
    'maximumLength',
    'pooling',
    'lengthMultiple',
    'seed',
    'dropout',
    'allowExtra',
  ]);
  const path = typeof source === 'string' ? source : undefined;
  const files =
    typeof source === 'string' ? await (await import('@crossmodal/core/models')).openFolder(source) : source;
  const own = await ownEncoder(files, given, { where });
  if (own) return own;
  const options = await withSavedOptions(files, given, { where, ...savedNames });
  const modules = await sentenceModules(where, files);
  const folder = modules?.folder ?? '';
  const inner = subfolder(files, folder);
  const values = await readConfig(inner, 'config.json', { where });
  const config = new Config(values, inner.get('config.json')!.label);
  const family = textArchitecture(where, config);
  const architecture = withPooling(modules?.apply(family) ?? family, family, options.pooling);
  const settings = await tokenizerSettings(inner);
  const tokenizer: Tokenizer | undefined =
    options.tokenizer ??
    (await tokenizerOf(inner, { ...settings, path: path && folder ? `${path}/${folder}` : path }, { where }));
  const sentence = (await readJson(files, 'sentence_bert_config.json')) as
    | { max_seq_length?: number | null; do_lower_case?: boolean }
    | undefined;
  const maximumLength = lengthOf(options.maximumLength, [
    family.maximumLength,
    sentence?.max_seq_length ?? settings.maximumLength,
  ]);
  const { prompts, defaultPrompt } = await promptsOf(files);
  const { lengthMultiple = 8 } = options; // a shape is compiled for each length
  const encoder = await pretrainedEncoder<TextOrPair>({
    where,
    modality: 'text',
    files,
    config: values,
    ...(family.written ? { written: family.written } : {}),
    others: new Map([
      ...(await kept(files, [
        ...(modules?.names ?? []),
        ...tokenizerFiles.map((name) => join(folder, name)),
        'README.md',
      ])),
      ...writtenTokenizer(inner, folder, options.tokenizer, tokenizer),
      ...savedOptionsFile(options, savedNames),
    ]),
    architecture,
    folder,
    ...(modules ? { parts: modules.parts } : {}),
    seed: options.seed ?? 0,
    dropout: options.dropout ?? 1,
    allowExtra: options.allowExtra ?? false,
    ...(tokenizer
      ? {
          preprocessing: {
            facts: {
              modality: 'text',
              tokenizer: 'tokenizer.json',
              maximum_length: maximumLength,
              padding: {
                to:
                  family.padding === 'maximum'
                    ? 'maximum_length'
                    : `the longest, rounded up to a multiple of ${lengthMultiple}`,
                id: tokenizer.paddingId,
              },
              mask: '1 for tokens, 0 for padding',
              do_lower_case: sentence?.do_lower_case ?? false,
              ...(defaultPrompt === undefined ? {} : { prompt: promptOf(prompts, defaultPrompt) }),
            },
            files: () => tokenizerJson('loadTextEncoder', tokenizer),
          },
        }
      : {}),
    async prepare(texts, preparation = {}) {
      if (!tokenizer) {
        throw new CrossmodalError('prepare: this text encoder was loaded without a tokeniser', {
          remedy: 'put a tokenizer.json into the folder, or give options.tokenizer',
        });
      }
      return preparedTexts(texts, {
        tokenizer,
        maximumLength,
        padding: family.padding,
        lengthMultiple,
        unmasked: family.unmasked ?? false,
        lowercase: sentence?.do_lower_case ?? false,
        trim: modules !== undefined,
        prompt: promptOf(prompts, (preparation as { prompt?: string }).prompt ?? defaultPrompt),
        includePrompt: modules?.includePrompt ?? true,
      });
    },
  });
  return Object.assign(encoder, { maximumLength, prompts }) as PretrainedTextEncoder;
}

/** Options that are saved with the model. */
const savedNames = { names: ['maximumLength', 'pooling', 'lengthMultiple', 'seed', 'dropout'], functions: [] };

/** tokenizer.json, where the folder has none or another tokeniser was given: older files are read from folders only. */
function writtenTokenizer(
  files: ModelFiles,
  folder: string,
  own: Tokenizer | undefined,
  tokenizer: Tokenizer | undefined,
): ModelFiles {
  if (!tokenizer || (!own && files.has('tokenizer.json'))) return new Map();
  return new Map([...tokenizerJson('loadTextEncoder', tokenizer)].map(([name, file]) => [join(folder, name), file]));
}

function join(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

function withPooling(
  architecture: TextArchitecture,
  family: TextArchitecture,
  pooling: TextPooling | undefined,
): TextArchitecture {
  if (pooling === undefined) return architecture;
  if (!isPooling(pooling)) {
    throw new CrossmodalError(
      `loadTextEncoder: pooling must be one of ${poolingNames.join(', ')}, got '${String(pooling)}'`,
    );
  }
  return {
    ...architecture,
    dimension: family.width,
    vector: ({ sequence, mask }, _parameters, inputs): Tensor2D => pooled([pooling], sequence, mask ?? maskOf(inputs)),
  };
}

function lengthOf(wanted: number | undefined, limits: readonly [model: number, folder: number]): number {
  if (wanted === undefined) return Math.min(...limits);
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > limits[0]) {
    throw new CrossmodalError(
      `loadTextEncoder: maximumLength must be a whole number from 1 to the ${limits[0]} that the model takes, got ${wanted}`,
    );
  }
  return wanted;
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

async function promptsOf(
  files: ModelFiles,
): Promise<{ prompts: Readonly<Record<string, string>>; defaultPrompt: string | undefined }> {
  const settings = (await readJson(files, 'config_sentence_transformers.json')) as
    | { prompts?: Record<string, string>; default_prompt_name?: string | null }
    | undefined;
  return { prompts: settings?.prompts ?? {}, defaultPrompt: settings?.default_prompt_name ?? undefined };
}

function promptOf(prompts: Readonly<Record<string, string>>, name: string | undefined): string {
  if (name === undefined) return '';
  if (!Object.hasOwn(prompts, name)) {
    const names = Object.keys(prompts);
    throw new CrossmodalError(`prepare: the folder has no prompt '${name}', it has ${names.join(', ') || 'none'}`);
  }
  return prompts[name]!;
}
