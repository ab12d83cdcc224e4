import { CrossmodalError, type EncodedSequence, type WeightSpecs } from '@crossmodal/core';
import {
  layerNormalization,
  linear,
  linearSpecs,
  normSpecs,
  type Parameters,
  type Run,
  repeated,
} from '@crossmodal/core/blocks';
import { attentionBias } from '@crossmodal/core/layers';
import type { Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { type Attended, type DecoderLayer, decoderLayer, decoderLayerSpecs, memoryKeys } from './decoder-layer.js';
import type { StackState } from './stack.js';
import { placement, placesBias, written } from './write-places.js';

/** A stack of decoder layers with learned positions and a last normalisation; names are those of a family's files. */
export interface TransformerStackOptions {
  layer: DecoderLayer;
  layers: number;
  /** Most places of a sequence. */
  length: number;
  /** Width of the encoder's vectors, where they are projected to that of the layers. */
  memoryWidth?: number | undefined;
  names: { layers: string; positions: string; norm: string; memoryProjection?: string };
  /** Of the sum of inputs and positions. */
  dropout?: number;
}

/**
 * Decoder layers over vectors: all places of a sequence at once for training, or a few places at a time with a cache of keys and
 * values for generation. Both compute the same.
 */
export class TransformerStack {
  readonly #options: TransformerStackOptions;

  constructor(options: TransformerStackOptions) {
    this.#options = options;
  }

  get width(): number {
    return this.#options.layer.self.width;
  }

  get length(): number {
    return this.#options.length;
  }

  get specs(): WeightSpecs {
    const { layer, layers, length, names, memoryWidth } = this.#options;
    return {
      [`${names.positions}.weight`]: { shape: [length, this.width] },
      ...repeated(names.layers, layers, () => decoderLayerSpecs(layer)),
      ...normSpecs(names.norm, this.width),
      ...(memoryWidth === undefined || !names.memoryProjection
        ? {}
        : linearSpecs(names.memoryProjection, memoryWidth, this.width)),
    };
  }

  /**
   * The states of all places, each of which looks at those before it and at the memory.
   *
   * @param x [batch, places, width]
   */
  states(parameters: Parameters, x: Tensor3D, memory: EncodedSequence | undefined, run: Run): Tensor3D {
    const { layer, layers, length, names, dropout = 0 } = this.#options;
    const places = x.shape[1];
    if (places > length) throw new CrossmodalError(`decoder: a sequence may have ${length} places, got ${places}`);
    const positions = tf.slice(parameters.get(`${names.positions}.weight`), [0, 0], [places, this.width]);
    let y: Tensor = run.drop(tf.add(x, positions), dropout);
    const bias = attentionBias({ causal: places });
    const sequence = memory && this.#projected(parameters, memory.sequence, run);
    const memoryBias = attentionBias({ mask: memory?.mask });
    for (let i = 0; i < layers; i++) {
      const own = parameters.at(`${names.layers}.${i}`);
      const attended: Attended = {
        places: (keysAndValues) => keysAndValues,
        bias,
        memory: sequence && { ...memoryKeys(own, sequence, layer, run), bias: memoryBias },
      };
      y = decoderLayer(own, y, layer, attended, run);
    }
    return layerNormalization(parameters, names.norm, y, layer.self.epsilon) as Tensor3D;
  }

  /** Room for `rows` sequences of up to `length` places that look at `memoryLength` vectors (0: at none). */
  state(
    parameters: Parameters,
    { rows, length, memoryLength }: { rows: number; length: number; memoryLength: number },
  ): StackState {
    const { layer, layers, names } = this.#options;
    const { heads } = layer.self;
    const dim = this.width / heads;
    const room = (places: number) =>
      Array.from(
        { length: layers },
        () => [zeros([rows, heads, places, dim]), zeros([rows, heads, places, dim])] as const,
      );
    const cache = room(length);
    const memories = memoryLength > 0 ? room(memoryLength) : undefined;
    const memoryMask = memories && zeros([rows, memoryLength]);
    const rest: Run = { training: false, drop: (x) => x };
    return {
      remember: ({ sequence, mask }) => {
        const projected = this.#projected(parameters, sequence, rest);
        memoryMask!.assign(mask ? tf.clone(mask) : tf.ones([rows, memoryLength]));
        for (const [i, [keys, values]] of memories!.entries()) {
          const made = memoryKeys(parameters.at(`${names.layers}.${i}`), projected, layer, rest);
          keys.assign(made.keys);
          values.assign(made.values);
        }
      },
      step: (x, first) => {
        const marks = placement(first, x.shape[1], length);
        const positions = tf.gather(parameters.get(`${names.positions}.weight`), placesFrom(first, x.shape[1], length));
        let y: Tensor = tf.add(x, positions);
        const bias = placesBias(first, x.shape[1], length);
        const memoryBias = memoryMask && attentionBias({ mask: memoryMask as Tensor as Tensor2D });
        for (const [i, [keys, values]] of cache.entries()) {
          const attended: Attended = {
            places: (own) => ({ keys: written(keys, own.keys, marks), values: written(values, own.values, marks) }),
            bias,
            memory: memories && {
              keys: memories[i]![0] as Tensor as Tensor4D,
              values: memories[i]![1] as Tensor as Tensor4D,
              bias: memoryBias,
            },
          };
          y = decoderLayer(parameters.at(`${names.layers}.${i}`), y, layer, attended, rest);
        }
        return layerNormalization(parameters, names.norm, y, layer.self.epsilon) as Tensor3D;
      },
      select: (parents) => {
        for (const variable of cache.flat()) variable.assign(tf.gather(variable, parents));
      },
      dispose: () => tf.dispose([...cache.flat(), ...(memories ?? []).flat(), ...(memoryMask ? [memoryMask] : [])]),
    };
  }

  #projected(parameters: Parameters, sequence: Tensor3D, run: Run): Tensor3D {
    const { names, memoryWidth } = this.#options;
    const wanted = memoryWidth ?? this.width;
    if (sequence.shape[2] !== wanted) {
      throw new CrossmodalError(
        `decoder: the encoder's vectors must have the width ${wanted}, got ${sequence.shape[2]}`,
      );
    }
    if (memoryWidth === undefined || !names.memoryProjection) return sequence;
    return linear(parameters, names.memoryProjection, sequence, { run }) as Tensor3D;
  }
}

const zeros = (shape: number[]): Variable => tf.tidy(() => tf.variable(tf.zeros(shape), false));

/** The numbers of `count` places from `first` on, [rows, count]; those past the end are the last one, and are never looked at. */
function placesFrom(first: Tensor1D, count: number, length: number): Tensor2D {
  const places = tf.add(tf.expandDims(first, 1), tf.range(0, count, 1, 'int32'));
  return tf.cast(tf.minimum(places, length - 1), 'int32') as Tensor2D;
}
