import { type CompiledFunction, compile, type EncodedSequence, type Inputs } from '@crossmodal/core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Decoder, DecoderState } from '../decoders/decoder.js';
import { GenerationCaches, shapesOf } from '../internal/generation-caches.js';
import type { GeneratedSequence, NextTokens, SearchStrategy, SearchTask } from './search.js';

/** What generation needs of a model: its decoder, and the sequence that the encoder makes of inputs, if there is an encoder. */
export interface GeneratorModel {
  decoder: Decoder;
  /** [items, length, width]; works inside `compile`. */
  encode?: ((inputs: Inputs) => EncodedSequence) | undefined;
}

/**
 * Key/value caches for sequences of fixed shape, each with two or three compiled functions: one for the encoder, one for blocks of a prompt, one for
 * all steps. A step feeds token numbers and places and fetches logits; nothing is traced or built again. Calls run one after the other,
 * since those of one shape share a cache.
 */
export class Generator {
  readonly #model: GeneratorModel;
  readonly #caches = new GenerationCaches<SequenceCache>();
  /** The end of the call before, whether it failed or not. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(model: GeneratorModel) {
    this.#model = model;
  }

  /** The sequences of each item, best first. */
  generate(inputs: Inputs | undefined, strategy: SearchStrategy, task: SearchTask): Promise<GeneratedSequence[][]> {
    const run = this.#last.then(() => this.#generate(inputs, strategy, task));
    this.#last = run.catch(() => undefined);
    return run;
  }

  async #generate(
    inputs: Inputs | undefined,
    strategy: SearchStrategy,
    task: SearchTask,
  ): Promise<GeneratedSequence[][]> {
    const search = strategy.start(task);
    const cache = this.#cache(inputs, strategy, task);
    if (inputs) cache.remember(inputs);
    let logits = await cache.prompt(task.prompts);
    for (let next = search.advance(logits); next; next = search.advance(logits)) logits = await cache.step(next);
    return search.results();
  }

  dispose(): void {
    this.#caches.dispose();
  }

  #cache(inputs: Inputs | undefined, { width }: SearchStrategy, { prompts, maximumLength }: SearchTask): SequenceCache {
    const longest = Math.max(...prompts.map((prompt) => prompt.length));
    // The last token is never fed. Powers of two, so that few caches serve all lengths.
    const wanted = 2 ** Math.ceil(Math.log2(Math.max(16, longest + maximumLength - 1)));
    const length = Math.min(this.#model.decoder.maximumLength, wanted);
    const key = [prompts.length, width, length, shapesOf(inputs ?? {})].join(' ');
    return this.#caches.of(key, () => new SequenceCache(this.#model, { items: prompts.length, width, length, inputs }));
  }
}

/** The key/value cache for the sequences of some items, `width` each. */
class SequenceCache {
  readonly #decoder: Decoder;
  readonly #items: number;
  readonly #width: number;
  readonly #state: DecoderState;
  readonly #remember: CompiledFunction<(inputs: Inputs) => void>;
  readonly #block: CompiledFunction<(ids: Tensor2D, first: Tensor1D, last: Tensor1D) => Tensor2D>;
  readonly #step: CompiledFunction<(ids: Tensor2D, first: Tensor1D, parents: Tensor1D) => Tensor2D>;
  /** How many tokens each row has. */
  #counts: Int32Array = new Int32Array(0);

  constructor(
    { decoder, encode }: GeneratorModel,
    { items, width, length, inputs }: { items: number; width: number; length: number; inputs: Inputs | undefined },
  ) {
    const rows = items * width;
    this.#decoder = decoder;
    this.#items = items;
    this.#width = width;
    const memoryLength = inputs && encode ? tf.tidy(() => encode(inputs).sequence.shape[1]) : 0;
    const state = decoder.state({ rows, length, memoryLength });
    this.#state = state;
    this.#remember = compile((tensors: Inputs) => state.remember(repeated(encode!(tensors), width)));
    this.#block = compile((ids: Tensor2D, first: Tensor1D, last: Tensor1D) => state.step(ids, first, last));
    this.#step = compile((ids: Tensor2D, first: Tensor1D, parents: Tensor1D) => {
      if (width > 1) state.select(parents);
      return state.step(ids, first, tf.zerosLike(first));
    });
  }

  remember(inputs: Inputs): void {
    this.#remember(inputs);
  }

  /** Reads the prompts; gives the logits behind the last token of each row. */
  async prompt(prompts: readonly (readonly number[])[]): Promise<Float32Array> {
    const rows = prompts.flatMap((prompt) => Array.from({ length: this.#width }, () => prompt));
    const { promptBlock: size, vocabularySize } = this.#decoder;
    const logits = new Float32Array(rows.length * vocabularySize);
    for (let from = 0; from < Math.max(...rows.map((row) => row.length)); from += size) {
      const ids = new Int32Array(rows.length * size);
      for (const [i, row] of rows.entries()) ids.set(row.slice(from, from + size), i * size);
      const last = Int32Array.from(rows, (row) => Math.max(-1, Math.min(size, row.length - from) - 1));
      const values = await read(() =>
        this.#block(
          tf.tensor2d(ids, [rows.length, size], 'int32'),
          tf.fill([rows.length], from, 'int32') as Tensor1D,
          tf.tensor1d(last, 'int32'),
        ),
      );
      for (const [i, place] of last.entries()) {
        if (place >= 0) logits.set(values.subarray(i * vocabularySize, (i + 1) * vocabularySize), i * vocabularySize);
      }
    }
    this.#counts = Int32Array.from(rows, (row) => row.length);
    return logits;
  }

  /** Puts a token behind each row; gives the logits behind it. */
  async step({ ids, parents }: NextTokens): Promise<Float32Array> {
    const rows = this.#items * this.#width;
    const counts = parents ? Int32Array.from(parents, (parent) => this.#counts[parent]!) : this.#counts;
    const values = await read(() =>
      this.#step(
        tf.tensor2d(ids, [rows, 1], 'int32'),
        tf.tensor1d(counts, 'int32'),
        tf.tensor1d(parents ?? Int32Array.from({ length: rows }, (_, i) => i), 'int32'),
      ),
    );
    this.#counts = counts.map((count) => count + 1);
    return values;
  }

  dispose(): void {
    for (const compiled of [this.#remember, this.#block, this.#step]) compiled.dispose();
    this.#state.dispose();
  }
}

/** The numbers of a tensor that `make` computes from tensors of its own. */
async function read(make: () => tf.Tensor): Promise<Float32Array> {
  const result = tf.tidy(make);
  try {
    return (await result.data()) as Float32Array;
  } finally {
    result.dispose();
  }
}

/** Each item `times` times, one after the other. */
function repeated({ sequence, mask }: EncodedSequence, times: number): EncodedSequence {
  if (times === 1) return mask ? { sequence, mask } : { sequence };
  const repeat = (x: tf.Tensor) => {
    const [items, ...rest] = x.shape as [number, ...number[]];
    const tiled = tf.tile(tf.expandDims(x, 1), [1, times, ...rest.map(() => 1)]);
    return tf.reshape(tiled, [items * times, ...rest]);
  };
  const tiled = repeat(sequence) as EncodedSequence['sequence'];
  return mask ? { sequence: tiled, mask: repeat(mask) as Tensor2D } : { sequence: tiled };
}
