import {
  assertKnownOptions,
  CrossmodalError,
  compile,
  disposeVariables,
  type EncodedSequence,
  type Encoder,
  type Inputs,
  isTraining,
  type LossTerms,
  type ModelCard,
  type ModelFiles,
  type NamedVariables,
  prefixed,
  Random,
  requireInteger,
  requirePositive,
  requireRate,
  savedModelFiles,
  type Trainable,
  type WeightSpecs,
} from '@crossmodal/core';
import { linear, linearSpecs, type Run } from '@crossmodal/core/blocks';
import { dropout } from '@crossmodal/core/layers';
import { binaryCrossEntropy } from '@crossmodal/losses';
import type { Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { dropoutRuns } from '../decoders/dropout-run.js';
import { initialWeights } from '../decoders/initial-weights.js';
import { prenet, prenetLayers, prenetSpecs } from '../decoders/prenet.js';
import { drawOf, ownStack } from '../decoders/transformer-decoder.js';
import { GenerationCaches, shapesOf } from '../internal/generation-caches.js';
import { loadOwn } from './load-own.js';
import { prenetMasks } from './prenet-masks.js';

export interface TextToSpeechOptions {
  /** Must have `encodeSequence`: one vector per character or word. */
  encoder: Encoder<string>;
  /** Values of a frame: bands of a log-mel spectrogram. */
  bands: number;
  /** Most frames of a recording. */
  maximumFrames: number;
  /**
   * Frames that are said at a time.
   * @default 2
   */
  reduction?: number;
  /** @default 128 */
  dimension?: number;
  /** @default 2 */
  layers?: number;
  /** @default 4 */
  heads?: number;
  /** @default 0.1 */
  dropout?: number;
  /**
   * Dropout of the frames that go in, in training and when speaking: a decoder that trusts them too much does not listen to the text.
   * Training meets real frames and speaking the model's own, which are smoother: without the noise the one is not the other.
   * @default 0.5
   */
  prenetDropout?: number;
  /**
   * Weight of the loss of the stop token.
   * @default 1
   */
  stopWeight?: number;
  /** @default encoder.dimension */
  memoryWidth?: number | undefined;
  seed: number;
}

/** The encoder's inputs, and frames [batch, frames, bands] with how many of each row are real, [batch]. */
export type SpeechBatch = {
  inputs: Inputs;
  frames: Tensor3D;
  lengths: Tensor1D;
};

/** A recording that was made of a text. */
export interface SpokenFrames {
  /** [frames * bands] */
  data: Float32Array;
  shape: [frames: number, bands: number];
  /** False where the longest length was reached before the model said that it ends. */
  finished: boolean;
}

export interface SpeakOptions {
  /** @default 0.5 */
  threshold?: number;
  /** @default the model's maximumFrames */
  maximumFrames?: number;
  /**
   * Of the dropout of the frames that go in.
   * @default 0
   */
  seed?: number | string;
}

/** A model that speaks; see `textToSpeech`. */
export interface TextToSpeech extends Trainable<SpeechBatch> {
  readonly encoder: Encoder<string>;
  readonly maximumFrames: number;
  /** Mean absolute error of the frames, and the cross entropy of whether one is the last: terms `loss`, `frames`, `stop`. */
  loss(batch: SpeechBatch, options?: { training?: boolean }): LossTerms;
  /** The frames [batch, frames, bands] that it says of each row when the right ones before are given. */
  teacherForced(batch: SpeechBatch): Tensor3D;
  /**
   * The frames of each row; it ends where the model says so with a probability above `threshold`, or at `maximumFrames`. Another `seed`
   * says the same text in another way; row i draws from a stream of its own.
   */
  generate(inputs: Inputs, options?: SpeakOptions): Promise<SpokenFrames[]>;
  namedVariables(): NamedVariables;
  files(options?: { card?: ModelCard }): Promise<ModelFiles>;
  dispose(): void;
}

/**
 * Text to the frames of a log-mel spectrogram, some frames at a time, each from those before and the encoder's sequence; a stop token says
 * when the last one is there. Frames go into the decoder through a net with dropout, also when it speaks. `inverseLogMel` of
 * `@crossmodal/encoders-audio` makes sound of them.
 *
 * @throws CrossmodalError when the encoder has no `encodeSequence` or an option is out of range
 * @see Wang et al. (2017), Tacotron, for the reduction factor; Shen et al. (2018), Tacotron 2, for the stop token; Li et al. (2019),
 *   "Neural speech synthesis with Transformer network"
 * @example
 * const model = textToSpeech({ encoder, bands: 40, maximumFrames: 100, seed: 1 });
 */
export function textToSpeech(options: TextToSpeechOptions): TextToSpeech {
  assertKnownOptions('textToSpeech', options, {
    encoder: true,
    bands: true,
    maximumFrames: true,
    reduction: true,
    dimension: true,
    layers: true,
    heads: true,
    dropout: true,
    prenetDropout: true,
    stopWeight: true,
    memoryWidth: true,
    seed: true,
  } satisfies Record<keyof TextToSpeechOptions, true>);
  const {
    encoder,
    bands,
    maximumFrames,
    reduction = 2, // Wang et al.
    dimension = 128,
    layers = 2,
    heads = 4,
    dropout: rate = 0.1,
    prenetDropout = 0.5, // Shen et al.
    stopWeight = 1,
    memoryWidth = encoder.dimension,
    seed,
  } = options;
  for (const [name, value] of Object.entries({
    bands,
    maximumFrames,
    reduction,
    dimension,
    layers,
    heads,
    memoryWidth,
  })) {
    requireInteger(`textToSpeech: ${name}`, value);
  }
  requireRate('textToSpeech: dropout', rate);
  requireRate('textToSpeech: prenetDropout', prenetDropout);
  requirePositive('textToSpeech: stopWeight', stopWeight);
  if (dimension % heads !== 0) {
    throw new CrossmodalError(`textToSpeech: heads must divide dimension, got ${heads} and ${dimension}`);
  }
  if (!encoder.encodeSequence) {
    throw new CrossmodalError(`textToSpeech: the ${encoder.modality} encoder must have encodeSequence, it has not`);
  }
  const places = Math.ceil(maximumFrames / reduction);
  const width = reduction * bands;
  const shape = { dimension, layers, heads, dropout: rate };
  const stack = ownStack({ ...shape, hidden: 4 * dimension, length: places, memoryWidth });
  const specs: WeightSpecs = {
    ...prenetSpecs(bands, dimension),
    ...stack.specs,
    ...linearSpecs('frames', dimension, width),
    ...linearSpecs('stop', dimension, reduction),
  };
  const parameters = initialWeights(specs, { random: new Random(seed).fork('decoder'), draw: drawOf(layers) });
  const runOf = dropoutRuns(seed);
  const noise = new Random(seed).fork('prenet');
  const said = (states: Tensor3D) => ({
    frames: linear(parameters, 'frames', states),
    stop: linear(parameters, 'stop', states),
  });
  const memoryOf = (inputs: Inputs, training: boolean): EncodedSequence =>
    encoder.encodeSequence!(inputs, { training });

  /** What is said of whole recordings when the right frames before are given, and the recordings filled up to whole steps. */
  const forced = ({ inputs, frames }: Pick<SpeechBatch, 'inputs' | 'frames'>, training: boolean) => {
    const [batch, count, own] = frames.shape;
    if (own !== bands || count > places * reduction) {
      throw new CrossmodalError(
        `textToSpeech: frames must be [batch, up to ${places * reduction}, ${bands}], got [${frames.shape}]`,
      );
    }
    const steps = Math.ceil(count / reduction);
    const padded = tf.pad(frames, [
      [0, 0],
      [0, steps * reduction - count],
      [0, 0],
    ]) as Tensor3D;
    const groups = tf.reshape(padded, [batch, steps, reduction, bands]);
    const last = tf.reshape(tf.slice(groups, [0, 0, reduction - 1, 0], [batch, steps, 1, bands]), [
      batch,
      steps,
      bands,
    ]);
    const before = tf.concat([tf.zeros([batch, 1, bands]), tf.slice(last, [0, 0, 0], [batch, steps - 1, bands])], 1);
    const run: Run = runOf(training);
    const entered = prenet(parameters, before as Tensor3D, (x) =>
      training ? dropout(x, { rate: prenetDropout, random: noise, training }) : x,
    );
    const states = stack.states(parameters, entered, memoryOf(inputs, training), run);
    return { ...said(states), padded, places: steps * reduction };
  };
  const loss = (input: SpeechBatch, training: boolean): LossTerms => {
    const { frames: out, stop, padded, places: count } = forced(input, training);
    const { lengths } = input;
    const batch = padded.shape[0];
    const place = tf.range(0, count, 1, 'int32');
    const wholeLengths = tf.cast(tf.expandDims(lengths, 1), 'int32');
    const real = tf.cast(tf.less(place, wholeLengths), 'float32');
    const error = tf.abs(tf.sub(tf.reshape(out, padded.shape), padded));
    const perFrame = tf.mul(tf.mean(error, 2), real);
    const frameLoss = tf.div(tf.sum(perFrame), tf.sum(real)) as tf.Scalar;
    // The last frame and all behind it say stop.
    const ended = tf.cast(tf.greaterEqual(place, tf.sub(wholeLengths, 1)), 'float32') as Tensor2D;
    const stopLoss = binaryCrossEntropy(tf.reshape(stop, [batch, count]) as Tensor2D, ended);
    return { loss: tf.add(frameLoss, tf.mul(stopLoss, stopWeight)), frames: frameLoss, stop: stopLoss as tf.Scalar };
  };

  const caches = new GenerationCaches<ReturnType<typeof cacheFor>>();
  /** What speaking needs for inputs of one shape: a compiled function that serves every step. */
  function cacheFor(inputs: Inputs) {
    const [rows, memoryLength] = tf.tidy(() => memoryOf(inputs, false).sequence.shape);
    const state = stack.state(parameters, { rows, length: places, memoryLength });
    const remember = compile((given: Inputs) => state.remember(memoryOf(given, false)));
    const step = compile((frame: Tensor3D, first: Tensor1D, masks: Tensor3D) => {
      const entered = prenet(parameters, frame, (x, layer) =>
        tf.mul(x, tf.slice(masks, [0, layer, 0], [rows, 1, dimension])),
      );
      const { frames, stop } = said(state.step(entered, first));
      return tf.concat([tf.reshape(frames, [rows, width]), tf.sigmoid(tf.reshape(stop, [rows, reduction]))], 1);
    });
    const dispose = () => {
      remember.dispose();
      step.dispose();
      state.dispose();
    };
    return { remember, step, dispose };
  }
  const decoder = () => prefixed('decoder', parameters.named());
  /** One recording per row, of most `most` frames. */
  async function speak(
    inputs: Inputs,
    { threshold, most, random }: { threshold: number; most: number; random: Random },
  ): Promise<SpokenFrames[]> {
    const { remember, step } = caches.of(shapesOf(inputs), () => cacheFor(inputs));
    remember(inputs);
    const rows = Object.values(inputs)[0]!.shape[0]!;
    const masks = prenetMasks(rows, { values: prenetLayers * dimension, rate: prenetDropout, random });
    const spoken = Array.from({ length: rows }, () => ({ values: [] as number[], finished: false }));
    let frames = new Float32Array(rows * bands);
    for (let place = 0; place * reduction < most && spoken.some(({ finished }) => !finished); place++) {
      const out = tf.tidy(() =>
        step(
          tf.tensor3d(frames, [rows, 1, bands]),
          tf.fill([rows], place, 'int32') as Tensor1D,
          tf.tensor3d(masks(), [rows, prenetLayers, dimension]),
        ),
      );
      const values = await out.data<'float32'>();
      out.dispose();
      frames = new Float32Array(rows * bands);
      for (const [i, one] of spoken.entries()) {
        const own = values.subarray(i * (width + reduction), (i + 1) * (width + reduction));
        frames.set(own.subarray(width - bands, width), i * bands);
        for (let k = 0; k < reduction && !one.finished && one.values.length < most * bands; k++) {
          one.values.push(...own.subarray(k * bands, (k + 1) * bands));
          one.finished = own[width + k]! > threshold;
        }
      }
    }
    return spoken.map(({ values, finished }) => ({
      data: Float32Array.from(values),
      shape: [values.length / bands, bands],
      finished,
    }));
  }
  // Inputs of one shape share a cache: calls run one after the other.
  let last: Promise<unknown> = Promise.resolve();
  return {
    encoder,
    maximumFrames,
    loss: (batch, options) => tf.tidy(() => loss(batch, isTraining('textToSpeech.loss', options))),
    teacherForced: (batch) =>
      tf.tidy(() => {
        const { frames, padded } = forced(batch, false);
        return tf.slice(tf.reshape(frames, padded.shape), [0, 0, 0], batch.frames.shape) as Tensor3D;
      }),
    async generate(inputs, { threshold = 0.5, maximumFrames: most = maximumFrames, seed: way = 0, ...others } = {}) {
      assertKnownOptions('generate', others, ['threshold', 'maximumFrames', 'seed']);
      requireInteger('generate: maximumFrames', most);
      if (most > maximumFrames) {
        throw new CrossmodalError(`generate: maximumFrames must be at most ${maximumFrames}, got ${most}`);
      }
      if (!(threshold > 0 && threshold < 1)) {
        throw new CrossmodalError(`generate: threshold must be in (0, 1), got ${threshold}`);
      }
      const random = new Random(way).fork('speak');
      const run = last.then(() => speak(inputs, { threshold, most, random }));
      last = run.catch(() => undefined);
      return run;
    },
    namedVariables: () => ({ ...prefixed('encoder', encoder.namedVariables()), ...decoder() }),
    files: (settings) =>
      savedModelFiles(
        {
          type: 'textToSpeech',
          options: { bands, maximumFrames, reduction, ...shape, prenetDropout, stopWeight, memoryWidth, seed },
          others: async () => {
            if (!encoder.files) throw new CrossmodalError('files: the encoder cannot be saved, it has no files');
            return new Map([...(await encoder.files())].map(([name, file]) => [`encoder/${name}`, file]));
          },
        },
        decoder(),
        settings,
      ),
    dispose() {
      caches.dispose();
      disposeVariables(parameters.named());
      encoder.dispose();
    },
  };
}

/**
 * A model that `files` of `textToSpeech` gave, with its encoder, which the loader of its package makes of `encoderFiles(files)`.
 *
 * @throws CrossmodalError when the files are of another model, or weights are missing, extra or of another shape
 * @example
 * const model = await loadTextToSpeech(files, { encoder: await loadTextEncoder(await encoderFiles(files)) });
 */
export function loadTextToSpeech(files: ModelFiles, options: { encoder: Encoder<string> }): Promise<TextToSpeech> {
  assertKnownOptions('loadTextToSpeech', options, { encoder: true });
  const { encoder } = options;
  return loadOwn(files, {
    where: 'loadTextToSpeech',
    type: 'textToSpeech',
    make: (saved) => textToSpeech({ ...(saved as unknown as TextToSpeechOptions), encoder }),
    variables: ownVariables,
  });
}

/** The variables of a model but for those of its encoder. */
const ownVariables = (model: TextToSpeech): NamedVariables =>
  Object.fromEntries(Object.entries(model.namedVariables()).filter(([name]) => !name.startsWith('encoder/')));
