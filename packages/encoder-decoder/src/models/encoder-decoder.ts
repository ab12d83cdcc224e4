import {
  assertKnownOptions,
  CrossmodalError,
  type EncodedSequence,
  type Encoder,
  type Inputs,
  isSavedModel,
  isTraining,
  type LossTerms,
  type ModelCard,
  type ModelFiles,
  memoryFile,
  type NamedVariables,
  prefixed,
  Random,
  randomUniform,
  requireInteger,
  requireRate,
  savedModelFiles,
  type Trainable,
  withoutGradient,
} from '@crossmodal/core';
import { sinusoidalPositions } from '@crossmodal/core/layers';
import { crossEntropy } from '@crossmodal/losses';
import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Decoder, DecoderPlan } from '../decoders/decoder.js';
import { decoderPlan } from '../decoders/plans.js';
import { transformerDecoder } from '../decoders/transformer-decoder.js';
import { Generator } from '../generation/generator.js';
import { type GeneratedText, type GenerateOptions, generateOptions } from './generate-options.js';
import { loadOwn } from './load-own.js';
import { requireSpecialTokens, type SequenceTokenizer, type TargetBatch, targetBatch } from './sequence-tokenizer.js';

export interface EncoderDecoderOptions {
  /** Must have `encodeSequence`. */
  encoder: Encoder;
  /** @default transformerDecoder() */
  decoder?: DecoderPlan | undefined;
  tokenizer: SequenceTokenizer;
  /**
   * Most tokens of a text, the end included.
   * @default 32
   */
  maximumLength?: number;
  /**
   * Width of `encodeSequence`, where it is not the encoder's dimension.
   * @default encoder.dimension
   */
  memoryWidth?: number | undefined;
  /**
   * Adds sinusoidal positions to the encoder's sequence: for encoders whose vectors do not say where they stand, such as convolutions.
   * @default false
   */
  memoryPositions?: boolean;
  /**
   * The share of the target that is spread over all tokens.
   * @default 0
   */
  labelSmoothing?: number;
  /**
   * How often, when training, the token before is the one that the model would have said and not the right one.
   * @default 0
   */
  scheduledSampling?: number;
  /**
   * False leaves the encoder as it is.
   * @default true
   */
  trainEncoder?: boolean;
  seed: number;
}

/** The encoder's inputs, and the texts as `prepareTargets` gives them, row by row. */
export type SequenceBatch = {
  inputs: Inputs;
  targets: TargetBatch;
};

/** A model that turns items of one modality into text; see `encoderDecoder`. */
export interface EncoderDecoder<Item = never> extends Trainable<SequenceBatch> {
  readonly encoder: Encoder<Item>;
  readonly decoder: Decoder;
  readonly tokenizer: SequenceTokenizer;
  readonly maximumLength: number;
  /** Texts as targets of a batch. */
  prepareTargets(texts: readonly string[], options?: { cut?: boolean }): TargetBatch;
  /** Logits [batch, length, vocabulary] of each token of the targets, when those before it are given. */
  logits(batch: SequenceBatch, options?: { training?: boolean }): Tensor3D;
  /** Mean cross entropy per token; terms `loss` and `accuracy` (share of tokens that are the most probable ones). */
  loss(batch: SequenceBatch, options?: { training?: boolean }): LossTerms;
  /** The sequences of each row of the inputs, best first. */
  generate(inputs: Inputs, options?: GenerateOptions): Promise<GeneratedText[][]>;
  /** The best text for each item. */
  generateItems(items: readonly Item[], options?: GenerateOptions & { batchSize?: number }): Promise<string[]>;
  namedVariables(): NamedVariables;
  files(options?: { card?: ModelCard }): Promise<ModelFiles>;
  /** Frees the weights, the encoder, and what generation keeps. */
  dispose(): void;
}

/**
 * An encoder and a decoder that looks at its sequence: captions for pictures, text for speech. Trained with the right tokens given
 * (teacher forcing), by the cross entropy of the token that follows.
 *
 * Scheduled sampling is done in two passes: tokens that the model would have said by the right ones before take the place of some of
 * these, and the loss is that of the second pass.
 *
 * @throws CrossmodalError when the encoder has no `encodeSequence`, the tokenizer lacks special tokens, or an option is out of range
 * @see Sutskever et al. (2014); Vinyals et al. (2015), "Show and tell"; Bengio et al. (2015), scheduled sampling; Mihaylova and Martins
 *   (2019), "Scheduled sampling for Transformers", in two passes
 * @example
 * const model = encoderDecoder({ encoder, decoder: transformerDecoder({ dimension: 64 }), tokenizer, maximumLength: 24, seed: 1 });
 */
export function encoderDecoder<Item>(
  options: EncoderDecoderOptions & { encoder: Encoder<Item> },
): EncoderDecoder<Item> {
  assertKnownOptions('encoderDecoder', options, {
    encoder: true,
    decoder: true,
    tokenizer: true,
    maximumLength: true,
    memoryWidth: true,
    memoryPositions: true,
    labelSmoothing: true,
    scheduledSampling: true,
    trainEncoder: true,
    seed: true,
  } satisfies Record<keyof EncoderDecoderOptions, true>);
  const {
    encoder,
    decoder: plan = transformerDecoder(),
    tokenizer,
    maximumLength = 32,
    memoryWidth = encoder.dimension,
    memoryPositions = false,
    labelSmoothing = 0,
    scheduledSampling = 0,
    trainEncoder = true,
    seed,
  } = options;
  requireInteger('encoderDecoder: maximumLength', maximumLength, 2);
  requireInteger('encoderDecoder: memoryWidth', memoryWidth);
  requireRate('encoderDecoder: labelSmoothing', labelSmoothing);
  requireRate('encoderDecoder: scheduledSampling', scheduledSampling);
  requireSpecialTokens('encoderDecoder', tokenizer);
  requireSequence(encoder);
  const decoder = plan.build({ vocabularySize: tokenizer.vocabularySize, maximumLength, memoryWidth, seed });
  const setup = {
    encoder,
    decoder,
    tokenizer,
    maximumLength,
    labelSmoothing,
    scheduledSampling,
    memoryPositions,
    trainEncoder,
    seed,
  };
  return assembled(setup, (model, card) =>
    savedModelFiles(
      {
        type: 'encoderDecoder',
        options: {
          maximumLength,
          memoryWidth,
          memoryPositions,
          labelSmoothing,
          scheduledSampling,
          trainEncoder,
          seed,
          decoder: plan.saved,
        },
        others: async () => {
          if (!encoder.files) throw new CrossmodalError('files: the encoder cannot be saved, it has no files');
          const files = new Map([...(await encoder.files())].map(([name, file]) => [`encoder/${name}`, file]));
          const json = JSON.stringify(tokenizer.toJSON?.() ?? null);
          return files.set('tokenizer.json', memoryFile(json, { label: 'tokenizer.json' }));
        },
      },
      model.decoder.namedVariables(),
      card ? { card } : {},
    ),
  );
}

function requireSequence(encoder: Encoder<never>): void {
  if (!encoder.encodeSequence) {
    throw new CrossmodalError(`encoderDecoder: the ${encoder.modality} encoder must have encodeSequence, it has not`, {
      remedy: 'give defineEncoder a sequenceModel: one vector per region, word or frame',
    });
  }
}

/** What a model is made of. */
export interface EncoderDecoderParts<Item> {
  encoder: Encoder<Item>;
  decoder: Decoder;
  tokenizer: SequenceTokenizer;
  maximumLength: number;
  labelSmoothing: number;
  scheduledSampling: number;
  memoryPositions: boolean;
  trainEncoder: boolean;
  seed: number;
  /** Tokens that every sequence begins with, where that is not `beginId` alone. */
  prompt?: readonly number[] | undefined;
  /** Throws where targets cannot follow the prompt, since a part of it is chosen when generating. */
  requireWholePrompt?: (() => void) | undefined;
  process?: ((logits: Float32Array, sequence: readonly number[], generated: number) => void) | undefined;
}

/** A model of an encoder and a decoder that are there. */
export function assembled<Item>(
  parts: EncoderDecoderParts<Item>,
  filesOf: (model: EncoderDecoder<Item>, card: ModelCard | undefined) => Promise<ModelFiles>,
): EncoderDecoder<Item> {
  const { encoder, decoder, tokenizer, maximumLength, labelSmoothing, scheduledSampling, trainEncoder, seed } = parts;
  const { memoryPositions } = parts;
  const noise = new Random(seed).fork('scheduled sampling');
  const prompt = parts.prompt ?? [tokenizer.beginId];
  const encode = (inputs: Inputs, training = false): EncodedSequence => {
    const { sequence: own, mask } = encoder.encodeSequence!(inputs, { training: training && trainEncoder });
    const sequence = trainEncoder ? own : withoutGradient(() => tf.clone(own));
    if (!memoryPositions) return { sequence, mask };
    const [, length, width] = sequence.shape;
    return { sequence: tf.add(sequence, tf.tensor(sinusoidalPositions(length, width), [1, length, width])), mask };
  };
  const generator = new Generator({ decoder, encode });
  /** The tokens that each target follows: those that begin, and all targets but the last. */
  const tokensBefore = (ids: Tensor2D): Tensor2D => {
    const [batch, length] = ids.shape;
    const begin = tf.tile(tf.tensor2d([...prompt], [1, prompt.length], 'int32'), [batch, 1]);
    return tf.concat([begin, tf.slice(ids, [0, 0], [batch, length - 1])], 1) as Tensor2D;
  };
  const logits = (batch: SequenceBatch, training: boolean): Tensor3D => {
    parts.requireWholePrompt?.();
    const { ids } = checkedTargets(batch, maximumLength);
    const [rows, length] = ids.shape;
    const memory = encode(batch.inputs, training);
    if (memory.sequence.shape[0] !== rows) {
      throw new CrossmodalError(
        `encoderDecoder: inputs and targets must have one batch size, got ${memory.sequence.shape[0]} and ${rows}`,
      );
    }
    const logitsAfter = (before: Tensor2D): Tensor3D => {
      const all = decoder.logits(before, memory, { training });
      return tf.slice(all, [0, prompt.length - 1, 0], [rows, length, decoder.vocabularySize]);
    };
    if (!training || scheduledSampling === 0) return logitsAfter(tokensBefore(ids));
    const mixed = withoutGradient(() => {
      const said = tf.argMax(logitsAfter(tokensBefore(ids)), 2) as Tensor2D;
      const own = tf.less(randomUniform(ids.shape, { random: noise }), scheduledSampling);
      return tf.where(own, tf.cast(said, 'int32'), ids) as Tensor2D;
    });
    return logitsAfter(tokensBefore(mixed));
  };
  const model: EncoderDecoder<Item> = {
    encoder,
    decoder,
    tokenizer,
    maximumLength,
    prepareTargets: (texts, { cut = false, ...others } = {}) => {
      assertKnownOptions('prepareTargets', others, ['cut']);
      return targetBatch('prepareTargets', texts, { tokenizer, length: maximumLength, cut });
    },
    logits: (batch, options) => tf.tidy(() => logits(batch, isTraining('encoderDecoder.logits', options))),
    loss: (batch, options) => {
      const training = isTraining('encoderDecoder.loss', options);
      return tf.tidy(() => {
        const scores = logits(batch, training);
        const { ids, mask } = batch.targets;
        const labels = tf.where(tf.greater(mask, 0), ids, tf.fill(ids.shape, -1, 'int32')) as Tensor2D;
        const loss = crossEntropy(scores, labels, { ignoreLabel: -1, labelSmoothing: training ? labelSmoothing : 0 });
        const accuracy = withoutGradient(() => {
          const right = tf.mul(tf.cast(tf.equal(tf.argMax(scores, 2), ids), 'float32'), mask);
          return tf.div(tf.sum(right), tf.maximum(tf.sum(mask), 1)) as tf.Scalar;
        });
        return { loss, accuracy };
      });
    },
    async generate(inputs, given = {}) {
      assertKnownOptions('generate', given, ['strategy', 'maximumLength']);
      const items = Object.values(inputs)[0]?.shape[0];
      if (!items) throw new CrossmodalError('generate: the inputs must have at least one row, got none');
      const prompts = Array.from({ length: items }, () => [...prompt]);
      const { strategy, maximumLength: most } = generateOptions('generate', given, {
        room: Math.min(maximumLength + prompt.length - 1, decoder.maximumLength),
        prompts,
      });
      const results = await generator.generate(inputs, strategy, {
        prompts,
        vocabularySize: decoder.vocabularySize,
        maximumLength: most,
        endIds: [tokenizer.endId],
        paddingId: tokenizer.paddingId,
        process: parts.process,
      });
      return results.map((sequences) => sequences.map((one) => ({ ...one, text: tokenizer.decode(one.ids) })));
    },
    async generateItems(items, { batchSize = 16, ...given } = {}) {
      requireInteger('generateItems: batchSize', batchSize);
      const texts: string[] = [];
      for (let from = 0; from < items.length; from += batchSize) {
        const chunk = items.slice(from, from + batchSize);
        // Batches are filled up, so that all have one shape and what is compiled serves all.
        const rows =
          items.length <= batchSize ? chunk : Array.from({ length: batchSize }, (_, i) => chunk[i] ?? chunk[0]!);
        const inputs = await encoder.prepare(rows);
        try {
          const results = await model.generate(inputs, given);
          texts.push(...results.slice(0, chunk.length).map(([best]) => best?.text ?? ''));
        } finally {
          tf.dispose(inputs);
        }
      }
      return texts;
    },
    namedVariables: () => ({
      ...(trainEncoder ? prefixed('encoder', encoder.namedVariables()) : {}),
      ...prefixed('decoder', decoder.namedVariables()),
    }),
    files: ({ card, ...others } = {}) => {
      assertKnownOptions('files', others, ['card']);
      return filesOf(model, card);
    },
    dispose() {
      generator.dispose();
      decoder.dispose();
      encoder.dispose();
    },
  };
  return model;
}

function checkedTargets({ inputs, targets }: Partial<SequenceBatch>, maximumLength: number): TargetBatch {
  if (!inputs || !targets) {
    throw new CrossmodalError(
      `encoderDecoder: a batch needs inputs and targets, got no ${inputs ? 'targets' : 'inputs'}`,
    );
  }
  const { ids, mask } = targets;
  if (ids.shape[1] > maximumLength || ids.shape.join() !== mask.shape.join()) {
    throw new CrossmodalError(
      `encoderDecoder: targets must have ids and mask [batch, up to ${maximumLength}], got [${ids.shape}] and [${mask.shape}]`,
      { remedy: 'make them with prepareTargets' },
    );
  }
  return targets;
}

/** Whether a folder is one of `encoderDecoder`; see `loadEncoderDecoder`. */
export const isOwnEncoderDecoder = (config: Readonly<Record<string, unknown>>): boolean =>
  isSavedModel(config) && config['type'] === 'encoderDecoder';

/** The model that `files` of `encoderDecoder` gave, with its encoder and tokeniser. */
export function loadOwnEncoderDecoder<Item>(
  files: ModelFiles,
  { encoder, tokenizer }: { encoder: Encoder<Item>; tokenizer: SequenceTokenizer },
): Promise<EncoderDecoder<Item>> {
  return loadOwn(files, {
    where: 'loadEncoderDecoder',
    type: 'encoderDecoder',
    make(options) {
      const { decoder, ...rest } = options as unknown as EncoderDecoderOptions & { decoder: DecoderPlan['saved'] };
      return encoderDecoder<Item>({ ...rest, encoder, tokenizer, decoder: decoderPlan(decoder) });
    },
    variables: (model) => model.decoder.namedVariables(),
  });
}
