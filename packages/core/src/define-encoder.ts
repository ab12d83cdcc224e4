import type { Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { assertBackend } from './assert-backend.js';
import type { Encoder, Inputs } from './encoder.js';
import { CrossmodalError } from './errors.js';
import { isTraining } from './is-training.js';
import { assertKnownOptions } from './known-options.js';
import { type SavedModel, savedModelFiles } from './model-files/saved-model.js';
import { type Preprocessing, traceable } from './preprocessing.js';
import { disposeVariables, namedVariables, trainableVariables } from './variables.js';

/**
 * An encoder from a tfjs-layers model.
 *
 * @param options.model maps the tensors named in `inputs`, in the order of its inputs, to [B, dimension].
 * @param options.sequenceModel the same inputs to [B, T, F]; usually shares layers with `model`. The mask of the
 *   sequence is the input called `mask`, if there is one and its length is T.
 * @param options.preprocessing how `prepare` makes tensors, for exported files
 * @param options.saved what makes the encoder again, for its `files`
 * @throws CrossmodalError when the number of inputs or the rank of the output is wrong; later, when an input is missing.
 * @example
 * const encoder = defineEncoder({
 *   modality: 'features', model, inputs: ['features'],
 *   prepare: async (rows: readonly number[][]) => ({ features: tf.tensor2d([...rows]) }),
 * });
 */
export function defineEncoder<Item>({
  modality,
  model,
  inputs: names,
  prepare,
  sequenceModel,
  saved,
  preprocessing,
  ...others
}: {
  modality: string;
  model: LayersModel;
  inputs: readonly string[];
  prepare: Encoder<Item>['prepare'];
  sequenceModel?: LayersModel;
  saved?: SavedModel;
  preprocessing?: Preprocessing;
}): Encoder<Item> {
  assertKnownOptions('defineEncoder', others, [
    'modality',
    'model',
    'inputs',
    'prepare',
    'sequenceModel',
    'saved',
    'preprocessing',
  ]);
  if (names.length !== model.inputs.length) {
    throw new CrossmodalError(
      `defineEncoder: inputs must name each of the model's ${model.inputs.length} inputs, got [${names.join(', ')}]`,
    );
  }
  const shape = model.outputs[0]?.shape ?? [];
  const dimension = shape[1];
  if (model.outputs.length !== 1 || shape.length !== 2 || typeof dimension !== 'number') {
    throw new CrossmodalError(
      `defineEncoder: the model must have one output [batch, dimension], got ${model.outputs.map((o) => `[${o.shape}]`).join(', ')}`,
    );
  }
  const run = (target: LayersModel, inputs: Inputs, training: boolean): Tensor =>
    tf.tidy(() => {
      assertBackend('encode');
      if ((inputs as unknown) instanceof tf.Tensor) {
        throw new CrossmodalError(`encode: the ${modality} encoder got a tensor, expected { ${names.join(', ')} }`, {
          remedy: `name it: { ${names[0]}: tensor }`,
        });
      }
      const list = names.map((name) => {
        const tensor = inputs[name];
        if (!tensor) {
          throw new CrossmodalError(
            `encode: the ${modality} encoder needs the inputs ${names.join(', ')}, got ${Object.keys(inputs).join(', ') || 'none'}`,
          );
        }
        return tensor;
      });
      return target.apply(list, { training }) as Tensor;
    });
  const models = sequenceModel ? [model, sequenceModel] : [model];
  const encoder: Encoder<Item> = {
    modality,
    dimension,
    ...(preprocessing ? { preprocessing } : {}),
    prepare: traceable((items, options) => {
      assertBackend('prepare');
      assertKnownOptions('prepare', options ?? {}, ['training', 'random']);
      return prepare(items, options);
    }, preprocessing),
    encode: (inputs, options) => run(model, inputs, isTraining('encoder.encode', options)) as Tensor2D,
    namedVariables: () => {
      const named = namedVariables(model);
      const known = new Set(Object.values(named));
      const extra = Object.entries(sequenceModel ? namedVariables(sequenceModel) : {}).filter(([, v]) => !known.has(v));
      for (const [name, variable] of extra) named[`sequence/${name}`] = variable;
      return named;
    },
    trainableVariables: () => [...new Set(models.flatMap((part) => trainableVariables(part)))],
    // Not through the models: they share layers, and tfjs-layers refuses to dispose of a layer twice.
    dispose: () => disposeVariables(encoder.namedVariables()),
  };
  if (saved) encoder.files = (options) => savedModelFiles(saved, encoder.namedVariables(), options);
  if (sequenceModel) {
    encoder.encodeSequence = (inputs, options) => {
      const training = isTraining('encoder.encodeSequence', options);
      const sequence = run(sequenceModel, inputs, training) as Tensor3D;
      const mask = inputs['mask'];
      return mask?.shape[1] === sequence.shape[1] ? { sequence, mask: mask as Tensor2D } : { sequence };
    };
  }
  return encoder;
}
