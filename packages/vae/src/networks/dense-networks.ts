import { assertKnownOptions, CrossmodalError, requireOneOf } from '@crossmodal/core';
import { LayerSeeds } from '@crossmodal/core/layers';
import * as tf from '@tensorflow/tfjs-core';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import * as tfl from '@tensorflow/tfjs-layers';

type Activation = 'relu' | 'tanh';

interface DenseOptions {
  /** @default [200, 200] */
  hidden?: readonly number[];
  /** @default 'relu' */
  activation?: Activation;
  /**
   * Length of a condition vector that joins the input; 0 for none.
   * @default 0
   */
  conditionDimension?: number;
  /** @default 0 */
  seed?: number | string;
}

/** Input, joined with a condition when there is one, then hidden layers. */
function trunk(name: string, dimension: number, options: Required<DenseOptions>) {
  const seeds = new LayerSeeds(options.seed, name);
  const first = tfl.input({ shape: [dimension], name: 'values' });
  const inputs = [first];
  let x: SymbolicTensor = first;
  if (options.conditionDimension > 0) {
    const condition = tfl.input({ shape: [options.conditionDimension], name: 'condition' });
    inputs.push(condition);
    x = tfl.layers.concatenate({ name: 'joined' }).apply([first, condition]) as SymbolicTensor;
  }
  const { activation } = options;
  options.hidden.forEach((units, i) => {
    const layer = `hidden_${i + 1}`;
    const kernelInitializer = activation === 'relu' ? seeds.he(layer) : seeds.glorot(layer);
    x = tfl.layers.dense({ units, activation, kernelInitializer, name: layer }).apply(x) as SymbolicTensor;
  });
  return { inputs, x, seeds };
}

/**
 * A dense network from data to features, for the inference side of a VAE: [batch, inputDimension] -> [batch, last hidden].
 * The VAE adds the heads for mean and log variance.
 *
 * @see Burda et al., Importance weighted autoencoders (2016), section 5: two hidden layers of 200, tanh
 * @example
 * const encoder = denseInference({ inputDimension: 784, seed: 1 });
 */
export function denseInference({
  inputDimension,
  hidden = [200, 200], // Burda et al.
  activation = 'relu', // Burda et al. take tanh, which learns more slowly at first
  conditionDimension = 0,
  seed = 0,
  ...others
}: DenseOptions & { inputDimension: number }): tfl.LayersModel {
  assertKnownOptions('denseInference', others, [
    'hidden',
    'activation',
    'conditionDimension',
    'seed',
    'inputDimension',
  ]);
  requireOneOf('denseInference: activation', activation, ['tanh', 'relu']);
  const { inputs, x } = trunk('dense-inference', inputDimension, { hidden, activation, conditionDimension, seed });
  return tfl.model({ inputs, outputs: x, name: 'dense_inference' });
}

/**
 * A dense network from latents to the parameters of a likelihood: [batch, latentDimension] -> [batch, outputDimension].
 *
 * @see Burda et al., Importance weighted autoencoders (2016), section 5
 * @example
 * const decoder = denseDecoder({ latentDimension: 50, outputDimension: 784, seed: 1 });
 */
export function denseDecoder({
  latentDimension,
  outputDimension,
  hidden = [200, 200], // Burda et al.
  activation = 'relu', // Burda et al. take tanh, which learns more slowly at first
  conditionDimension = 0,
  seed = 0,
  outputBias,
  ...others
}: DenseOptions & {
  latentDimension: number;
  /** Values per item times `parametersPerValue` of the likelihood. */
  outputDimension: number;
  /** Initial bias of the output, such as the logits of the pixel means (Burda et al. start there). */
  outputBias?: ArrayLike<number>;
}): tfl.LayersModel {
  assertKnownOptions('denseDecoder', others, [
    'hidden',
    'activation',
    'conditionDimension',
    'seed',
    'latentDimension',
    'outputDimension',
    'outputBias',
  ]);
  requireOneOf('denseDecoder: activation', activation, ['tanh', 'relu']);
  const { inputs, x, seeds } = trunk('dense-decoder', latentDimension, {
    hidden,
    activation,
    conditionDimension,
    seed,
  });
  const output = tfl.layers.dense({
    units: outputDimension,
    kernelInitializer: seeds.glorot('output'),
    name: 'output',
  });
  const model = tfl.model({ inputs, outputs: output.apply(x) as SymbolicTensor, name: 'dense_decoder' });
  if (outputBias) {
    if (outputBias.length !== outputDimension) {
      throw new CrossmodalError(
        `denseDecoder: outputBias must have outputDimension = ${outputDimension} values, got ${outputBias.length}`,
      );
    }
    tf.tidy(() => output.setWeights([output.getWeights()[0] as tf.Tensor, tf.tensor1d(Array.from(outputBias))]));
  }
  return model;
}
