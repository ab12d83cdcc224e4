import {
  type MultimodalAutoencoder,
  multimodalAutoencoder,
  squaredError,
  tokenCrossEntropy,
} from '@crossmodal/alignment';
import type { Encoder } from '@crossmodal/core';
import { LayerSeeds } from '@crossmodal/core/layers';
import { lstmEncoder, recurrent, type VocabularyTokenizer, wordTokenizer } from '@crossmodal/encoders-text';
import { type ImageItem, residualEncoder } from '@crossmodal/encoders-vision';
import { convolutionalDecoder } from '@crossmodal/vae';
import * as tfl from '@tensorflow/tfjs-layers';

export interface AutoencoderSettings {
  size: number;
  dimension: number;
  /** Words of a text, its end counted. */
  length: number;
  /** Weight of the contrastive term. */
  lambda: number;
  /** Weight of the squared error of pictures beside the cross entropy of words. */
  pictureWeight: number;
  epochs: number;
  batchSize: number;
  learningRate: number;
  limit: number;
}

/** Encoders of pictures and words: ResNet-18 and an LSTM. */
export interface Encoders {
  image: Encoder<ImageItem>;
  text: Encoder<string>;
}

/** Tokens that end with a mark, so that the decoder can say where a text ends. */
export function tokenizerOf(texts: readonly string[]): VocabularyTokenizer {
  return wordTokenizer({ corpus: texts, minimumCount: 2, markers: true });
}

export function encodersOf(
  tokenizer: VocabularyTokenizer,
  { size, dimension, length }: Pick<AutoencoderSettings, 'size' | 'dimension' | 'length'>,
  seed: number,
): Encoders {
  return {
    // Values from -1 to 1.
    image: residualEncoder({ depth: 18, size, dimension, mean: 0.5, standardDeviation: 0.5, seed }),
    text: lstmEncoder({ tokenizer, dimension, maximumLength: length, dropout: 0.2, seed }),
  };
}

/** ResNet-18 and an LSTM into one latent, a transposed convolutional network and an LSTM out of it. */
export function pictureWordAutoencoder(
  tokenizer: VocabularyTokenizer,
  { image, text }: Encoders,
  own: Pick<AutoencoderSettings, 'size' | 'dimension' | 'length' | 'lambda' | 'pictureWeight'>,
  seed: number,
): MultimodalAutoencoder<'image' | 'text'> {
  const { size, dimension, length, lambda, pictureWeight } = own;
  return multimodalAutoencoder({
    modalities: {
      image: {
        encoder: image,
        decoder: convolutionalDecoder({ latentDimension: dimension, size, channels: 3, blocks: 3, width: 16, seed }),
        reconstruction: squaredError(),
        weight: pictureWeight,
      },
      text: {
        encoder: text,
        decoder: wordDecoder({ dimension, length, words: tokenizer.vocabularySize, seed }),
        reconstruction: tokenCrossEntropy(),
      },
    },
    dimension,
    lambda,
    seed,
  });
}

/** The latent at every place, through an LSTM, to logits of words: [batch, length, words]. */
function wordDecoder({
  dimension,
  length,
  words,
  seed,
}: {
  dimension: number;
  length: number;
  words: number;
  seed: number;
}): tfl.LayersModel {
  const seeds = new LayerSeeds(seed, 'word-decoder');
  const latent = tfl.input({ shape: [dimension], name: 'latent' });
  const repeated = tfl.layers.repeatVector({ n: length, name: 'places' }).apply(latent) as tfl.SymbolicTensor;
  const states = recurrent({ units: 2 * dimension, seed: seed + 1, name: 'states' }).apply(
    repeated,
  ) as tfl.SymbolicTensor;
  const logits = tfl.layers
    .dense({ units: words, kernelInitializer: seeds.glorot('words'), name: 'words' })
    .apply(states) as tfl.SymbolicTensor;
  return tfl.model({ inputs: latent, outputs: logits, name: 'word_decoder' });
}
