import {
  CrossmodalError,
  type Encoder,
  type Inputs,
  type NamedVariables,
  namedVariables,
  trainableVariables,
} from '@crossmodal/core';
import type { Tensor, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';

/** What a domain's items look like to the extractor: one tensor, or named ones as an `Encoder` prepares them. */
export type DomainInputs = Tensor | Inputs;

/** Anything that turns inputs into feature vectors: a tfjs-layers model with one output [batch, features], or an `Encoder`. */
export type Features =
  | tfl.LayersModel
  | Pick<Encoder, 'dimension' | 'encode' | 'namedVariables' | 'trainableVariables' | 'dispose'>;

/** Both kinds behind one face. */
export interface FeatureExtractor {
  readonly dimension: number;
  extract(inputs: DomainInputs, training: boolean): Tensor2D;
  namedVariables(): NamedVariables;
  trainableVariables(): Variable[];
  dispose(): void;
}

/** @throws CrossmodalError when a model does not end in one matrix of features */
export function featureExtractor(caller: string, features: Features): FeatureExtractor {
  if (!(features instanceof tfl.LayersModel)) {
    return {
      dimension: features.dimension,
      extract: (inputs, training) => features.encode(asNamed(caller, inputs), { training }),
      namedVariables: () => features.namedVariables(),
      trainableVariables: () => features.trainableVariables(),
      dispose: () => features.dispose(),
    };
  }
  const shape = features.outputs[0]?.shape ?? [];
  const dimension = shape[1];
  if (features.outputs.length !== 1 || shape.length !== 2 || typeof dimension !== 'number') {
    throw new CrossmodalError(`${caller}: features must have one output [batch, dimension], got [${shape}]`, {
      remedy: 'end the model in a flatten or a pooling layer',
    });
  }
  return {
    dimension,
    extract: (inputs, training) =>
      tf.tidy(() => features.apply(fitting(caller, asOne(caller, inputs), features), { training }) as Tensor2D),
    namedVariables: () => namedVariables(features),
    trainableVariables: () => trainableVariables(features),
    dispose: () => {
      features.dispose();
    },
  };
}

/** Length of the feature vectors. The features were checked before. */
export const featureDimension = (features: Features): number =>
  features instanceof tfl.LayersModel ? (features.outputs[0]?.shape[1] as number) : features.dimension;

function asNamed(caller: string, inputs: DomainInputs): Inputs {
  if (inputs instanceof tf.Tensor) {
    throw new CrossmodalError(`${caller}: an Encoder takes named inputs, got one tensor`, {
      remedy: 'pass what encoder.prepare returns',
    });
  }
  return inputs;
}

function asOne(caller: string, inputs: DomainInputs): Tensor {
  if (inputs instanceof tf.Tensor) return inputs;
  const tensors = Object.values(inputs);
  const [only] = tensors;
  if (!only || tensors.length > 1) {
    throw new CrossmodalError(
      `${caller}: a layers model takes one input tensor, got ${Object.keys(inputs).join(', ') || 'none'}`,
      {
        remedy: 'wrap it with defineEncoder to name several inputs',
      },
    );
  }
  return only;
}

/** The tensor, if the model takes its shape. */
function fitting(caller: string, tensor: Tensor, features: tfl.LayersModel): Tensor {
  const expected = features.inputs[0]?.shape ?? [];
  const differs = (size: number | null, axis: number) => axis > 0 && size !== null && size !== tensor.shape[axis];
  if (tensor.rank !== expected.length || expected.some(differs)) {
    const shape = expected.map((size, axis) => (axis === 0 ? 'batch' : (size ?? 'any')));
    throw new CrossmodalError(`${caller}: inputs must have shape [${shape}], got [${tensor.shape}]`);
  }
  return tensor;
}

/** First dimension of the inputs. */
export function batchSizeOf(inputs: DomainInputs): number {
  const tensor = inputs instanceof tf.Tensor ? inputs : Object.values(inputs)[0];
  return tensor?.shape[0] ?? 0;
}

/** Source rows, then target rows, so that both domains go through the network (and its batch statistics) together. */
export function concatInputs(caller: string, source: DomainInputs, target: DomainInputs): DomainInputs {
  const join = (a: Tensor, b: Tensor, name: string): Tensor => {
    if (a.rank !== b.rank || a.shape.some((size, axis) => axis > 0 && size !== b.shape[axis])) {
      throw new CrossmodalError(
        `${caller}: source and target ${name} must agree beyond the batch, got [${a.shape}] and [${b.shape}]`,
        {
          remedy: 'pad them to one shape, or set joint: false',
        },
      );
    }
    return tf.concat([a, b], 0);
  };
  if (source instanceof tf.Tensor && target instanceof tf.Tensor) return join(source, target, 'inputs');
  if (source instanceof tf.Tensor || target instanceof tf.Tensor) {
    throw new CrossmodalError(`${caller}: source and target must both be tensors or both be named tensors`);
  }
  return Object.fromEntries(
    Object.entries(source).map(([name, tensor]) => {
      const other = target[name];
      if (!other)
        throw new CrossmodalError(`${caller}: the target has no '${name}', only ${Object.keys(target).join(', ')}`);
      return [name, join(tensor, other, name)];
    }),
  );
}
