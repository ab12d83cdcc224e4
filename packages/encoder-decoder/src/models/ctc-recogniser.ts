import {
  assertKnownOptions,
  CrossmodalError,
  disposeVariables,
  type Encoder,
  type Inputs,
  isTraining,
  type LossTerms,
  type ModelCard,
  type ModelFiles,
  memoryFile,
  type NamedVariables,
  prefixed,
  Random,
  requireInteger,
  savedModelFiles,
  type Trainable,
} from '@crossmodal/core';
import { linear, linearSpecs } from '@crossmodal/core/blocks';
import { ctcLoss } from '@crossmodal/losses';
import type { Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { ctcBeam } from '../ctc/decode.js';
import { bestPath } from '../ctc/greedy.js';
import type { CtcHypothesis } from '../ctc/prefix-beam.js';
import { initialWeights } from '../decoders/initial-weights.js';
import { loadOwn } from './load-own.js';
import { innerTokens, type SequenceTokenizer } from './sequence-tokenizer.js';

export interface CtcRecogniserOptions {
  /** Must have `encodeSequence`: one vector per frame. */
  encoder: Encoder;
  /** Its padding token is the blank. */
  tokenizer: SequenceTokenizer;
  /**
   * Most tokens of a text.
   * @default 64
   */
  maximumLength?: number;
  /**
   * Width of `encodeSequence`, where it is not the encoder's dimension.
   * @default encoder.dimension
   */
  memoryWidth?: number | undefined;
  seed: number;
}

/** The encoder's inputs, and the texts as `prepareLabels` gives them, row by row. */
export type CtcBatch = {
  inputs: Inputs;
  labels: { ids: Tensor2D; lengths: Tensor1D };
};

/** A model that gives one token or the blank per frame; see `ctcRecogniser`. */
export interface CtcRecogniser<Item = never> extends Trainable<CtcBatch> {
  readonly encoder: Encoder<Item>;
  readonly tokenizer: SequenceTokenizer;
  /** Texts as labels of a batch; empty ones say that nothing is heard. */
  prepareLabels(texts: readonly string[]): CtcBatch['labels'];
  /** Logits [batch, frames, vocabulary], and how many frames of each row are real. */
  logits(inputs: Inputs, options?: { training?: boolean }): { logits: Tensor3D; lengths: Tensor1D };
  /** The CTC loss; texts that do not fit into their frames count as zero. */
  loss(batch: CtcBatch, options?: { training?: boolean }): LossTerms;
  /** What is heard in each row, best first: the best path, or with a beam the best prefixes. */
  transcribe(inputs: Inputs, options?: { beamWidth?: number }): Promise<(CtcHypothesis & { text: string })[][]>;
  namedVariables(): NamedVariables;
  files(options?: { card?: ModelCard }): Promise<ModelFiles>;
  dispose(): void;
}

/**
 * An encoder of recordings with a linear map to tokens per frame, trained by connectionist temporal classification: nothing has to
 * say where in the recording a token is.
 *
 * @throws CrossmodalError when the encoder has no `encodeSequence` or an option is out of range
 * @see Graves et al. (2006), "Connectionist temporal classification"
 * @example
 * const model = ctcRecogniser({ encoder, tokenizer: characterTokenizer({ corpus: transcripts }), seed: 1 });
 */
export function ctcRecogniser<Item>(options: CtcRecogniserOptions & { encoder: Encoder<Item> }): CtcRecogniser<Item> {
  assertKnownOptions('ctcRecogniser', options, {
    encoder: true,
    tokenizer: true,
    maximumLength: true,
    memoryWidth: true,
    seed: true,
  } satisfies Record<keyof CtcRecogniserOptions, true>);
  const { encoder, tokenizer, maximumLength = 64, memoryWidth = encoder.dimension, seed } = options;
  requireInteger('ctcRecogniser: maximumLength', maximumLength);
  if (!encoder.encodeSequence) {
    throw new CrossmodalError(`ctcRecogniser: the ${encoder.modality} encoder must have encodeSequence, it has not`);
  }
  const { vocabularySize, paddingId: blank } = tokenizer;
  if (!Number.isSafeInteger(blank) || blank < 0 || blank >= vocabularySize) {
    throw new CrossmodalError(
      `ctcRecogniser: the tokenizer must have a paddingId below its vocabulary of ${vocabularySize}, got ${blank}`,
    );
  }
  const parameters = initialWeights(linearSpecs('head', memoryWidth, vocabularySize), {
    random: new Random(seed).fork('head'),
    draw: (name) =>
      name.endsWith('bias') ? { value: 0 } : { deviation: Math.sqrt(2 / (memoryWidth + vocabularySize)) },
  });
  const frames = (inputs: Inputs, training: boolean): { logits: Tensor3D; lengths: Tensor1D } =>
    tf.tidy(() => {
      const { sequence, mask } = encoder.encodeSequence!(inputs, { training });
      const [rows, length] = sequence.shape;
      const lengths = mask ? tf.sum(tf.cast(mask, 'int32'), 1) : tf.fill([rows], length, 'int32');
      return { logits: linear(parameters, 'head', sequence) as Tensor3D, lengths: lengths as Tensor1D };
    });
  const head = () => prefixed('head', parameters.named());
  return {
    encoder,
    tokenizer,
    prepareLabels(texts) {
      const rows = texts.map((text, i) => {
        const ids = innerTokens(tokenizer, text);
        if (ids.length > maximumLength) {
          throw new CrossmodalError(
            `prepareLabels: text ${i} has ${ids.length} tokens, the model takes ${maximumLength}`,
          );
        }
        return ids;
      });
      const ids = new Int32Array(rows.length * maximumLength).fill(blank);
      for (const [i, row] of rows.entries()) ids.set(row, i * maximumLength);
      return {
        ids: tf.tensor2d(ids, [rows.length, maximumLength], 'int32'),
        lengths: tf.tensor1d(
          rows.map((row) => row.length),
          'int32',
        ),
      };
    },
    logits: (inputs, options) => frames(inputs, isTraining('ctcRecogniser.logits', options)),
    loss: ({ inputs, labels }, options) =>
      tf.tidy(() => {
        const { logits, lengths } = frames(inputs, isTraining('ctcRecogniser.loss', options));
        const sizes = { inputLengths: lengths, labelLengths: labels.lengths };
        return { loss: ctcLoss(logits, labels.ids, { ...sizes, blank, zeroInfinity: true }) };
      }),
    async transcribe(inputs, { beamWidth = 1, ...others } = {}) {
      assertKnownOptions('transcribe', others, ['beamWidth']);
      requireInteger('transcribe: beamWidth', beamWidth);
      const { logits, lengths } = frames(inputs, false);
      try {
        const [values, counts] = await Promise.all([logits.data<'float32'>(), lengths.data()]);
        const size = logits.shape[1] * vocabularySize;
        return Array.from(counts, (count, i) => {
          const own = values.subarray(i * size, i * size + count * vocabularySize);
          const shape = { classes: vocabularySize, blank };
          const hypotheses = beamWidth === 1 ? [bestPath(own, shape)] : ctcBeam(own, { ...shape, width: beamWidth });
          return hypotheses.map((one) => ({ ...one, text: tokenizer.decode(one.labels) }));
        });
      } finally {
        tf.dispose([logits, lengths]);
      }
    },
    namedVariables: () => ({ ...prefixed('encoder', encoder.namedVariables()), ...head() }),
    files: (settings) =>
      savedModelFiles(
        {
          type: 'ctcRecogniser',
          options: { maximumLength, memoryWidth, seed },
          others: async () => {
            if (!encoder.files) throw new CrossmodalError('files: the encoder cannot be saved, it has no files');
            const files = new Map([...(await encoder.files())].map(([name, file]) => [`encoder/${name}`, file]));
            const json = JSON.stringify(tokenizer.toJSON?.() ?? null);
            return files.set('tokenizer.json', memoryFile(json, { label: 'tokenizer.json' }));
          },
        },
        head(),
        settings,
      ),
    dispose() {
      disposeVariables(parameters.named());
      encoder.dispose();
    },
  };
}

/**
 * A model that `files` of `ctcRecogniser` gave, with the tokeniser that it was made with and its encoder, which the loader of its
 * package makes of `encoderFiles(files)`.
 *
 * @throws CrossmodalError when the files are of another model, or weights are missing, extra or of another shape
 * @example
 * const encoder = await loadAudioEncoder(await encoderFiles(files));
 * const model = await loadCtcRecogniser(files, { encoder, tokenizer });
 */
export function loadCtcRecogniser<Item>(
  files: ModelFiles,
  options: { encoder: Encoder<Item>; tokenizer: SequenceTokenizer },
): Promise<CtcRecogniser<Item>> {
  assertKnownOptions('loadCtcRecogniser', options, { encoder: true, tokenizer: true });
  return loadOwn(files, {
    where: 'loadCtcRecogniser',
    type: 'ctcRecogniser',
    make: (saved) => ctcRecogniser<Item>({ ...(saved as unknown as CtcRecogniserOptions), ...options }),
    variables: (model) =>
      Object.fromEntries(Object.entries(model.namedVariables()).filter(([name]) => name.startsWith('head/'))),
  });
}
