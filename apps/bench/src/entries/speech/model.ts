import { type DualEncoder, dualEncoder } from '@crossmodal/alignment';
import type { Encoder, Inputs } from '@crossmodal/core';
import { adamW } from '@crossmodal/core/optimisers';
import { cosine, linearWarmup } from '@crossmodal/core/schedules';
import type { History, MetricValues } from '@crossmodal/core/train';
import { type AudioItem, spectrogramEncoder } from '@crossmodal/encoders-audio';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Followed } from '../entry.js';
import { batchesOf } from '../shared/batches.js';
import { trainToEnd } from '../shared/train.js';
import { type Recordings, recordingInputs } from './recordings.js';

/** Size of the model and length of the training. */
export interface SpeechSettings {
  sampleRate: number;
  seconds: number;
  bands: number;
  channels: number[];
  steps: number;
  batchSize: number;
}

/** Where pictures and captions lie already: a modality whose vectors are given and stay as they are. */
function givenVectors(modality: string, dimension: number): Encoder<never> {
  return {
    modality,
    dimension,
    prepare: async () => ({}),
    encode: ({ vectors }) => tf.clone(vectors as Tensor2D),
    namedVariables: () => ({}),
    trainableVariables: () => [],
    dispose: () => {},
  };
}

/** A convolutional network on log-mel spectrograms that moves into the space of pictures and captions. */
export function buildSpeechModel(
  { sampleRate, seconds, bands, channels }: SpeechSettings,
  { dimension, seed }: { dimension: number; seed: number },
): { model: DualEncoder<'image' | 'text' | 'audio'>; audio: Encoder<AudioItem> } {
  const audio = spectrogramEncoder({
    sampleRate,
    seconds,
    bands,
    hopLength: Math.round(0.032 * sampleRate),
    windowLength: Math.round(0.064 * sampleRate),
    channels,
    dimension: 128,
    dropout: 0.2,
    seed,
  });
  const model = dualEncoder<'image' | 'text' | 'audio'>({
    encoders: { image: givenVectors('image', dimension), text: givenVectors('text', dimension), audio },
    unprojected: ['image', 'text'],
    weights: { 'image-text': 0, 'image-audio': 0.5, 'text-audio': 1 },
    dimension,
    seed,
  });
  return { model, audio };
}

/** Vectors of pictures and captions of the same emojis, row by row. */
export interface Anchors {
  image: number[][];
  text: number[][];
}

/**
 * Trains the audio encoder towards the vectors of the emojis that are named.
 *
 * @param anchorOf for each recording, the row of its emoji among the anchors
 */
export async function trainSpeech(
  model: DualEncoder<'image' | 'text' | 'audio'>,
  recordings: Recordings,
  anchors: Anchors,
  anchorOf: readonly number[],
  {
    steps,
    batchSize,
    seed,
    follow,
    validate,
  }: {
    steps: number;
    batchSize: number;
    seed: number;
    follow: Followed;
    validate: () => Promise<MetricValues>;
  },
): Promise<History> {
  const vectors = (rows: number[][], indices: readonly number[]): Inputs => ({
    vectors: tf.tensor2d(indices.map((index) => rows[anchorOf[index]!]!)),
  });
  const optimizer = adamW({
    learningRate: linearWarmup({ steps: steps / 20, to: cosine({ from: 3e-3, steps }) }),
    weightDecay: 0.05,
  });
  const data = batchesOf(
    recordings.count,
    (indices, random) => ({
      image: vectors(anchors.image, indices),
      text: vectors(anchors.text, indices),
      audio: recordingInputs(recordings, indices, random),
    }),
    { batchSize, seed },
  );
  return trainToEnd(model, optimizer, data, {
    steps,
    ...follow,
    validate: ({ epoch }) => (epoch % 4 === 3 ? validate() : {}),
  });
}
