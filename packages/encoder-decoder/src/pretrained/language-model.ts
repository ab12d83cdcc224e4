import {
  assertKnownOptions,
  CrossmodalError,
  disposeVariables,
  isTraining,
  type LossTerms,
  type ModelCard,
  type ModelFiles,
  modelFiles,
  type NamedVariables,
  openWeights,
  readConfig,
  type Trainable,
} from '@crossmodal/core';
import { Config, type Parameters } from '@crossmodal/core/blocks';
import { crossEntropy } from '@crossmodal/losses';
import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Decoder } from '../decoders/decoder.js';
import { Generator } from '../generation/generator.js';
import { type GeneratedText, type GenerateOptions, generateOptions } from '../models/generate-options.js';
import { gpt2Decoder } from './decoder-families.js';
import { generationConfig } from './generation-config.js';
import { loadDecoder } from './load-decoder.js';

/** What is needed of a tokeniser that was loaded; those of `@crossmodal/encoders-text` are such. */
export interface LoadedTokenizer {
  encode(text: string): number[];
  decode(ids: ArrayLike<number>): string;
}

export interface LoadLanguageModelOptions {
  /** Needed for prompts that are texts. */
  tokenizer?: LoadedTokenizer;
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

/** Texts as numbers: `ids` [batch, length] int32, `mask` [batch, length], one where a text has a token. */
export interface TokenRows {
  ids: Tensor2D;
  mask: Tensor2D;
}

/** A language model that was loaded; see `loadLanguageModel`. */
export interface LanguageModel extends Trainable<TokenRows> {
  /** `model_type` of its config.json. */
  readonly family: string;
  readonly decoder: Decoder;
  readonly maximumLength: number;
  /** Its variables by place, for `lora`. */
  readonly parameters: Parameters;
  /** Logits [batch, length, vocabulary] of the token behind each place. */
  logits(ids: Tensor2D, options?: { training?: boolean }): Tensor3D;
  /** Mean cross entropy of each token, given those before it. */
  loss(batch: TokenRows, options?: { training?: boolean }): LossTerms;
  /** How texts, or rows of token numbers, go on; for each the sequences, best first. */
  generate(prompts: readonly (string | readonly number[])[], options?: GenerateOptions): Promise<GeneratedText[][]>;
  namedVariables(): NamedVariables;
  files(options?: { card?: ModelCard }): Promise<ModelFiles>;
  dispose(): void;
}

/**
 * A language model from a folder in Hugging Face's layout: GPT-2, DistilGPT-2 and what is built like them.
 *
 * @param files what `openFolder` or `hubFolder` of `@crossmodal/core/models` gives
 * @throws CrossmodalError when the family is another, or weights are missing, extra or of another shape
 * @see Radford et al. (2019), "Language models are unsupervised multitask learners"
 * @example
 * const model = await loadLanguageModel(await openFolder('gpt2'), { tokenizer });
 * const [[best]] = await model.generate(['A red boat'], { strategy: beam({ width: 4 }), maximumLength: 20 });
 */
export async function loadLanguageModel(
  files: ModelFiles,
  options: LoadLanguageModelOptions = {},
): Promise<LanguageModel> {
  assertKnownOptions('loadLanguageModel', options, {
    tokenizer: true,
    seed: true,
    allowExtra: true,
  } satisfies Record<keyof LoadLanguageModelOptions, true>);
  const { tokenizer, seed = 0, allowExtra = false } = options;
  const where = 'loadLanguageModel';
  const values = await readConfig(files, 'config.json', { where });
  const { label } = files.get('config.json')!;
  if (values['model_type'] !== 'gpt2') {
    throw new CrossmodalError(`${label}: model_type must be gpt2, got ${JSON.stringify(values['model_type'])}`);
  }
  const { endIds, paddingId } = await generationConfig(files, values);
  const { decoder, parameters, variables, specs } = await loadDecoder(
    await openWeights(files, { where }),
    gpt2Decoder(new Config(values, label)),
    { where, seed, allowExtra, ignored: [/^lm_head\.weight$/, /\.attn\.(bias|masked_bias)$/] },
  );
  const generator = new Generator({ decoder });
  const idsOf = (prompt: string | readonly number[]): readonly number[] => {
    if (typeof prompt !== 'string') return prompt;
    if (tokenizer) return tokenizer.encode(prompt);
    throw new CrossmodalError('generate: prompts that are texts need a tokenizer', {
      remedy: 'pass { tokenizer } to loadLanguageModel, or rows of token numbers to generate',
    });
  };
  return {
    family: 'gpt2',
    decoder,
    maximumLength: decoder.maximumLength,
    parameters,
    logits: (ids, given) => decoder.logits(ids, undefined, given),
    loss: ({ ids, mask }, options) =>
      tf.tidy(() => {
        const [batch, length] = ids.shape;
        const before = tf.slice(ids, [0, 0], [batch, length - 1]);
        const [wanted, counted] = [ids, mask].map((x) => tf.slice(x, [0, 1], [batch, length - 1])) as [
          Tensor2D,
          Tensor2D,
        ];
        const labels = tf.where(tf.greater(counted, 0), wanted, tf.fill(wanted.shape, -1, 'int32'));
        return {
          loss: crossEntropy(
            decoder.logits(before, undefined, { training: isTraining('languageModel.loss', options) }),
            labels,
            { ignoreLabel: -1 },
          ),
        };
      }),
    async generate(given, chosen = {}) {
      assertKnownOptions('generate', chosen, ['strategy', 'maximumLength']);
      if (given.length === 0) throw new CrossmodalError('generate: there must be at least one prompt, got none');
      const prompts = given.map(idsOf);
      const bad = prompts.flat().find((id) => !Number.isInteger(id) || id < 0 || id >= decoder.vocabularySize);
      if (bad !== undefined) {
        throw new CrossmodalError(`generate: prompts must hold numbers in [0, ${decoder.vocabularySize}), got ${bad}`);
      }
      const { strategy, maximumLength } = generateOptions('generate', chosen, { room: decoder.maximumLength, prompts });
      const results = await generator.generate(undefined, strategy, {
        ...{ prompts, vocabularySize: decoder.vocabularySize, maximumLength, endIds, paddingId },
      });
      return results.map((sequences) =>
        sequences.map((one) => ({ ...one, text: tokenizer ? tokenizer.decode(one.ids) : '' })),
      );
    },
    namedVariables: () => decoder.namedVariables(),
    files: async ({ card } = {}) => {
      const others = new Map([...files].filter(([name]) => !/safetensors|^config\.json$|\.bin$/.test(name)));
      return modelFiles({ config: values, variables, specs, others, ...(card ? { card } : {}) });
    },
    dispose() {
      generator.dispose();
      disposeVariables(decoder.namedVariables());
    },
  };
}
