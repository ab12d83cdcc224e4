import { assertKnownOptions, CrossmodalError, requireInteger } from '@crossmodal/core';
import type { Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { gruStep, lstmStep, type RecurrentCell, type RecurrentWeights, recur } from './recurrence.js';

type LayerShape = (number | null)[];

export interface RecurrentOptions {
  cell?: RecurrentCell;
  /** Width of the hidden state. */
  units: number;
  /** Runs from the end to the beginning. */
  backward?: boolean;
  seed: number;
  name?: string;
}

const gates = { lstm: 4, gru: 3 } as const;

/** See `recurrent`. */
export class Recurrent extends tfl.layers.Layer {
  static readonly className = 'MaskedRecurrent';
  readonly #cell: RecurrentCell;
  readonly #units: number;
  readonly #backward: boolean;
  readonly #seed: number;
  #weights: { kernel: tfl.LayerVariable; recurrentKernel: tfl.LayerVariable; bias: tfl.LayerVariable } | undefined;
  #recurrentBias: tfl.LayerVariable | undefined;

  constructor({ cell = 'lstm', units, backward = false, seed, ...rest }: RecurrentOptions) {
    super(rest);
    requireInteger('recurrent: units', units);
    if (!(cell in gates)) throw new CrossmodalError(`recurrent: cell must be 'lstm' or 'gru', got '${cell}'`);
    this.#cell = cell;
    this.#units = units;
    this.#backward = backward;
    this.#seed = seed;
    this.supportsMasking = true;
  }

  override build(inputShape: LayerShape | LayerShape[]): void {
    const shape = (Array.isArray(inputShape[0]) ? inputShape[0] : inputShape) as LayerShape;
    const inputs = shape.at(-1);
    if (shape.length !== 3 || typeof inputs !== 'number') {
      throw new CrossmodalError(`recurrent: inputs must be [batch, length, width] with a known width, got [${shape}]`);
    }
    const width = gates[this.#cell] * this.#units;
    const limit = 1 / Math.sqrt(this.#units); // torch
    const recurrentInitializer = tfl.initializers.randomUniform({
      minval: -limit,
      maxval: limit,
      seed: this.#seed + 1,
    });
    this.#weights = {
      kernel: this.addWeight(
        'kernel',
        [inputs, width],
        'float32',
        tfl.initializers.glorotUniform({ seed: this.#seed }), // Keras
      ),
      recurrentKernel: this.addWeight('recurrent_kernel', [this.#units, width], 'float32', recurrentInitializer),
      bias: this.addWeight('bias', [width], 'float32', tfl.initializers.zeros()),
    };
    if (this.#cell === 'gru') {
      this.#recurrentBias = this.addWeight('recurrent_bias', [width], 'float32', tfl.initializers.zeros());
    } else {
      // The forget gate begins open: Jozefowicz, Zaremba and Sutskever (2015).
      const { bias } = this.#weights;
      const open = tf.tidy(() => {
        const row = new Float32Array(width).fill(1, 2 * this.#units, 3 * this.#units);
        return tf.tensor1d(row);
      });
      bias.write(open);
      open.dispose();
    }
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: LayerShape | LayerShape[]): LayerShape {
    const shape = (Array.isArray(inputShape[0]) ? inputShape[0] : inputShape) as LayerShape;
    return [...shape.slice(0, -1), this.#units];
  }

  override computeMask(): Tensor {
    return null as unknown as Tensor;
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    const [sequence, mask] = (Array.isArray(inputs) ? inputs : [inputs]) as [Tensor3D, Tensor2D | undefined];
    const [batch, length] = sequence.shape;
    if (mask && (mask.shape[0] !== batch || mask.shape[1] !== length)) {
      throw new CrossmodalError(`recurrent: mask must be [${batch}, ${length}], got [${mask.shape}]`);
    }
    const { kernel, recurrentKernel, bias } = this.#weights!;
    return tf.tidy(() => {
      const weights: RecurrentWeights = {
        kernel: kernel.read() as Tensor2D,
        recurrentKernel: recurrentKernel.read() as Tensor2D,
        bias: bias.read(),
        recurrentBias: this.#recurrentBias?.read(),
      };
      const step = this.#cell === 'lstm' ? lstmStep : gruStep;
      return recur(sequence, mask, weights, { units: this.#units, backward: this.#backward, step });
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return {
      ...super.getConfig(),
      cell: this.#cell,
      units: this.#units,
      backward: this.#backward,
      seed: this.#seed,
    };
  }
}

let registered = false;

/**
 * A recurrent layer, LSTM or GRU, that obeys a mask. Inputs: `sequence` or `[sequence, mask]`, [batch, length, width] and
 * [batch, length]; output: the hidden state after each place, [batch, length, units]. Where the mask is zero the state stays
 * as it is, so the last place holds the state after the last real one (with `backward`: the first place), whatever the
 * padding. Weights: `kernel` [width, gates * units], `recurrent_kernel` [units, gates * units], `bias`; gates in the order
 * output, input, forget, candidate (LSTM) or reset, update, candidate (GRU, which has a `recurrent_bias` too).
 *
 * @throws CrossmodalError when the mask has another shape or the width is not known
 * @see Hochreiter and Schmidhuber (1997); Gers et al. (2000); Cho et al. (2014), with the reset gate after the product as
 *   in cuDNN and torch
 * @example
 * const states = recurrent({ cell: 'gru', units: 64, seed: 1 }).apply([words, mask]);
 */
export function recurrent(options: RecurrentOptions): Recurrent {
  assertKnownOptions('recurrent', options, ['cell', 'units', 'backward', 'seed', 'name']);

  if (!registered) {
    tf.serialization.registerClass(Recurrent);
    registered = true;
  }
  return new Recurrent(options);
}
