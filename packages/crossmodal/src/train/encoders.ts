import type { Encoder, Random } from '@crossmodal/core';
import { spectrogramEncoder } from '@crossmodal/encoders-audio';
import { bagEncoder, wordTokenizer } from '@crossmodal/encoders-text';
import {
  colourJitter,
  convolutionalEncoder,
  type Image,
  randomFlip,
  randomResizedCrop,
} from '@crossmodal/encoders-vision';
import type { Modality } from '../model/load-model.js';

/** What the encoders of a run from scratch are made for. */
export interface EncoderFacts {
  /** All texts of the training items. */
  texts: readonly string[];
  /** Seconds that most recordings last. */
  seconds?: number;
}

/** Sizes of encoders that are trained from nothing. */
export interface EncoderSettings {
  imageSize: number;
  channels: readonly number[];
  blocks: number;
  width: number;
  seed: number;
}

/** Samples per second that an audio encoder from scratch takes: enough for speech. */
export const soundRate = 16_000;

/** Channels of each stage of an audio encoder from scratch. */
export const audioChannels: readonly number[] = [24, 48, 96, 192];

/**
 * Channels of each stage of an image encoder from scratch: as many stages as leave a map of 4 x 4, so that the last one sees the whole
 * picture; the first, on most places, is narrow, for there the time goes.
 */
export function imageChannels(imageSize: number): number[] {
  const stages = Math.min(5, Math.max(1, Math.floor(Math.log2(imageSize)) - 1));
  return [16, 32, 64, 128, 256].slice(0, stages);
}

/** A picture changed as a person would not mind: cut, mirrored, a little brighter or darker. */
function augment(image: Image, random: Random): Image {
  const cut = randomResizedCrop(image, { random, scale: [0.6, 1] }); // gentler than Inception's: captions count things
  const jittered = colourJitter(cut, { random, brightness: 0.2, contrast: 0.2, saturation: 0.2, hue: 0 });
  return randomFlip(jittered, { random });
}

/** An encoder from nothing. Defaults were chosen on the validation split of UCM captions and of OpenMoji. */
export function newEncoder(modality: Modality, facts: EncoderFacts, settings: EncoderSettings): Encoder {
  const { imageSize, channels, blocks, width, seed } = settings;
  switch (modality) {
    case 'image':
      return convolutionalEncoder({
        size: imageSize,
        channels,
        blocks,
        dimension: width,
        dropout: 0.2,
        augment,
        seed,
      }) as Encoder;
    case 'audio':
      return spectrogramEncoder({
        sampleRate: soundRate,
        seconds: facts.seconds ?? 4,
        bands: 64,
        channels,
        dimension: width,
        dropout: 0.2,
        seed,
      }) as Encoder;
    case 'text': {
      const tokenizer = wordTokenizer({
        corpus: facts.texts,
        minimumCount: facts.texts.length > 1000 ? 2 : 1,
        maximumSize: 50_000,
      });
      const maximumLength = lengthFor(facts.texts.map((text) => tokenizer.encode(text).length));
      return bagEncoder({ tokenizer, dimension: width, maximumLength, dropout: 0.2, seed }) as Encoder;
    }
  }
}

/** A length that 99 of 100 texts fit into, at most 128. */
function lengthFor(lengths: readonly number[]): number {
  const sorted = [...lengths].sort((a, b) => a - b);
  const most = sorted[Math.floor(0.99 * (sorted.length - 1))] ?? 1;
  return Math.min(128, Math.max(4, most));
}
