import {
  assertKnownOptions,
  CrossmodalError,
  disposeVariables,
  type EncodedSequence,
  isTraining,
  Random,
  requireInteger,
  requireRate,
  type WeightSpecs,
} from '@crossmodal/core';
import { embedding, linear, linearSpecs, type Parameters, type Run } from '@crossmodal/core/blocks';
import { attentionBias } from '@crossmodal/core/layers';
import type { Tensor, Tensor1D, Tensor2D, Tensor3D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Decoder, DecoderPlan, DecoderShape } from './decoder.js';
import { dropoutRuns } from './dropout-run.js';
import { decoderVariables, initialWeights } from './initial-weights.js';

export interface RecurrentDecoderOptions {
  /**
   * Width of the table of tokens and of what the logits are made of.
   * @default 128
   */
  dimension?: number;
  /**
   * Units of the LSTM, and of the attention.
   * @default 256
   */
  units?: number;
  /** @default 0.1 */
  dropout?: number;
}

/** What is the same at every step: keys [rows, length, units] and vectors of the memory, and which may not be looked at. */
interface Remembered {
  keys: Tensor3D;
  vectors: Tensor3D;
  bias: Tensor2D | undefined;
}

interface CellState {
  hidden: Tensor2D;
  cell: Tensor2D;
}

/**
 * An LSTM that looks at the encoder's sequence with additive attention before each token: the context
 * sum_i softmax_i(v' tanh(W h + U m_i)) m_i goes into the LSTM beside the last token, and beside its output into the logits, whose table
 * is that of the tokens.
 *
 * @throws CrossmodalError when a size is out of range
 * @see Bahdanau et al. (2015), "Neural machine translation by jointly learning to align and translate", appendix A; Xu et al. (2015),
 *   "Show, attend and tell"; Hochreiter and Schmidhuber (1997)
 * @example
 * const decoder = recurrentDecoder({ dimension: 64, units: 128 });
 */
export function recurrentDecoder(options: RecurrentDecoderOptions = {}): DecoderPlan {
  assertKnownOptions('recurrentDecoder', options, {
    dimension: true,
    units: true,
    dropout: true,
  } satisfies Record<keyof RecurrentDecoderOptions, true>);
  const { dimension = 128, units = 256, dropout = 0.1 } = options;
  requireInteger('recurrentDecoder: dimension', dimension);
  requireInteger('recurrentDecoder: units', units);
  requireRate('recurrentDecoder: dropout', dropout);
  return {
    saved: { type: 'recurrent', options: { dimension, units, dropout } },
    build: (shape) => build({ dimension, units, dropout }, shape),
  };
}

function build(
  { dimension, units, dropout }: Required<RecurrentDecoderOptions>,
  { vocabularySize, maximumLength, memoryWidth, seed }: DecoderShape,
): Decoder {
  const specs: WeightSpecs = {
    'tokens.weight': { shape: [vocabularySize, dimension] },
    ...linearSpecs('attention.query', units, units),
    ...linearSpecs('attention.key', memoryWidth, units, { bias: false }),
    'attention.score': { shape: [units] },
    ...linearSpecs('gates', dimension + memoryWidth + units, 4 * units),
    ...linearSpecs('output', units + memoryWidth, dimension),
    ...linearSpecs('begin', memoryWidth, 2 * units),
  };
  const parameters = initialWeights(specs, {
    random: new Random(seed).fork('decoder'),
    draw: (name, shape) => {
      if (name.endsWith('.bias')) return { value: 0 };
      const fan = shape.length === 1 ? 2 * shape[0]! : shape[0]! + shape[1]!;
      return { deviation: name === 'tokens.weight' ? 0.1 : Math.sqrt(2 / fan) }; // Glorot and Bengio (2010)
    },
  });
  const runOf = dropoutRuns(seed);
  const vectorsOf = (ids: Tensor2D) => embedding(parameters, 'tokens', ids) as Tensor3D;
  const logitsOf = (outputs: Tensor2D): Tensor2D =>
    tf.matMul(outputs, parameters.get('tokens.weight') as Tensor as Tensor2D, false, true);
  const cell = cellOf(parameters, dropout);
  return {
    vocabularySize,
    maximumLength,
    promptBlock: 1,
    logits: (ids, memory, options) =>
      tf.tidy(() => {
        const run = runOf(isTraining('recurrentDecoder.logits', options));
        const [batch, places] = ids.shape;
        const remembered = rememberedOf(parameters, required(memory));
        let state = beginning(parameters, required(memory), units);
        const outputs: Tensor2D[] = [];
        for (const token of tf.unstack(vectorsOf(ids), 1) as Tensor2D[]) {
          const step = cell(token, state, remembered, run);
          state = step.state;
          outputs.push(step.output);
        }
        const flat = tf.reshape(tf.stack(outputs, 1), [batch * places, dimension]) as Tensor2D;
        return tf.reshape(logitsOf(flat), [batch, places, vocabularySize]) as Tensor3D;
      }),
    state({ rows, memoryLength }) {
      if (memoryLength < 1) throw noMemory();
      const zeros = (shape: number[]) => tf.tidy(() => tf.variable(tf.zeros(shape), false));
      const variables = {
        hidden: zeros([rows, units]),
        cell: zeros([rows, units]),
        keys: zeros([rows, memoryLength, units]),
        vectors: zeros([rows, memoryLength, memoryWidth]),
        mask: zeros([rows, memoryLength]),
      };
      const rest = runOf(false);
      return {
        remember(memory) {
          const { keys, vectors } = rememberedOf(parameters, memory);
          const first = beginning(parameters, memory, units);
          variables.keys.assign(keys);
          variables.vectors.assign(tf.clone(vectors));
          variables.mask.assign(memory.mask ? tf.clone(memory.mask) : tf.ones([rows, memoryLength]));
          variables.hidden.assign(first.hidden);
          variables.cell.assign(first.cell);
        },
        step(ids, _first, last) {
          const before = tensorsOf(variables);
          const remembered = { ...before, bias: biasOf(before.mask) };
          const token = tf.reshape(vectorsOf(ids), [rows, dimension]) as Tensor2D;
          const { state, output } = cell(token, before, remembered, rest);
          // Rows that have no token here stay as they are.
          const goesOn = tf.cast(tf.greaterEqual(tf.expandDims(last, 1), 0), 'float32');
          const blend = (after: Tensor, earlier: Tensor) =>
            tf.add(tf.mul(after, goesOn), tf.mul(earlier, tf.sub(1, goesOn)));
          variables.hidden.assign(blend(state.hidden, before.hidden));
          variables.cell.assign(blend(state.cell, before.cell));
          return logitsOf(output);
        },
        select(parents: Tensor1D) {
          for (const variable of [variables.hidden, variables.cell]) variable.assign(tf.gather(variable, parents));
        },
        dispose: () => tf.dispose(variables),
      };
    },
    namedVariables: () => decoderVariables(parameters),
    dispose: () => disposeVariables(decoderVariables(parameters)),
  };
}

const tensorsOf = (variables: Record<'hidden' | 'cell' | 'keys' | 'vectors' | 'mask', Variable>) =>
  variables as unknown as { hidden: Tensor2D; cell: Tensor2D; keys: Tensor3D; vectors: Tensor3D; mask: Tensor2D };

const noMemory = () =>
  new CrossmodalError('recurrentDecoder: it looks at an encoder’s sequence, there is none', {
    remedy: 'give encoderDecoder an encoder with encodeSequence',
  });

function required(memory: EncodedSequence | undefined): EncodedSequence {
  if (!memory) throw noMemory();
  return memory;
}

const biasOf = (mask: Tensor2D | undefined) => {
  const bias = attentionBias({ mask });
  return bias && (tf.reshape(bias, mask!.shape) as Tensor2D);
};

function rememberedOf(parameters: Parameters, { sequence, mask }: EncodedSequence): Remembered {
  return { keys: linear(parameters, 'attention.key', sequence) as Tensor3D, vectors: sequence, bias: biasOf(mask) };
}

/** The state before the first token: a linear map of the mean of the memory. @see Xu et al. (2015), section 3.1.2 */
function beginning(parameters: Parameters, { sequence, mask }: EncodedSequence, units: number): CellState {
  const weights = mask ? tf.expandDims(mask, 2) : tf.ones([sequence.shape[0], sequence.shape[1], 1]);
  const mean = tf.div(tf.sum(tf.mul(sequence, weights), 1), tf.maximum(tf.sum(weights, 1), 1)) as Tensor2D;
  const [hidden, cell] = tf.split(tf.tanh(linear(parameters, 'begin', mean)), [units, units], 1) as [
    Tensor2D,
    Tensor2D,
  ];
  return { hidden, cell };
}

/** One step: attention, LSTM, and what the logits are made of. */
function cellOf(parameters: Parameters, dropout: number) {
  return (token: Tensor2D, { hidden, cell }: CellState, { keys, vectors, bias }: Remembered, run: Run) => {
    const query = tf.expandDims(linear(parameters, 'attention.query', hidden), 1);
    const energies = tf.sum(tf.mul(tf.tanh(tf.add(keys, query)), parameters.get('attention.score')), 2);
    const weights = tf.softmax(bias ? tf.add(energies, bias) : energies);
    const context = tf.sum(tf.mul(vectors, tf.expandDims(weights, 2)), 1) as Tensor2D;
    const joined = tf.concat([run.drop(token, dropout), context, hidden], 1);
    const gates = tf.split(linear(parameters, 'gates', joined), 4, 1) as [Tensor2D, Tensor2D, Tensor2D, Tensor2D];
    const [input, forget, output] = [gates[0], tf.add(gates[1], 1), gates[2]].map((gate) => tf.sigmoid(gate)); // forget bias 1: Jozefowicz et al. (2015)
    const next = tf.add(tf.mul(forget!, cell), tf.mul(input!, tf.tanh(gates[3]))) as Tensor2D;
    const state: CellState = { hidden: tf.mul(output!, tf.tanh(next)) as Tensor2D, cell: next };
    const seen = tf.concat([run.drop(state.hidden, dropout), context], 1);
    return { state, output: tf.tanh(linear(parameters, 'output', seen)) as Tensor2D };
  };
}
