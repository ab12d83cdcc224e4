import type { Variable } from '@tensorflow/tfjs-core';
import type { Tensor } from 'onnxruntime-common';
import { constantNumbers, type InputSource, type Numbers, sizeOf, type Value } from '../ir/graph.js';
import { COLLECTED_NUMBERS } from '../machine-thresholds.js';
import { Region } from '../memory/region.js';
import type { Regions } from '../memory/regions.js';
import type { Slot } from '../memory/slot.js';
import type { Tensors } from '../memory/tensors.js';
import { assertAlive, moveIntoSlot } from '../memory/variable-memory.js';
import { ortTensor, resultTensor } from '../run/session.js';
import { collectGarbage } from './collect-garbage.js';
import { kernelModule } from './kernel.js';
import { sumRows } from './row-sum.js';
import { numbersOf, type SplitGraph, type Update } from './split.js';
import { WebAssembly } from './webassembly.js';

type Run = (...parameters: number[]) => void;

/** One update, ready to run. */
interface Bound {
  run: Run;
  /** Length in bytes, then the addresses of vectors and results, then the scalars. */
  parameters: number[];
  /** Which scalars are inputs, and which the graph computes; the others are constants. */
  inputs: readonly (InputSource | undefined)[];
  fetched: readonly (Float32Array | undefined)[];
}

/** What updates need of a backend. */
export interface UpdateTarget {
  readonly tensors: Tensors;
  readonly regions: Regions;
}

/** A vector that is summed from rows that the graph computes. */
interface Sum {
  into: Float32Array;
  updates: Float32Array;
  index: Int32Array;
}

/** A vector that is an input of the graph, but no state of the same update: it is copied for each run. */
interface Copied {
  source: InputSource;
  view: Float32Array;
}

/** The updates of a compiled function, on its variables. */
export class StateUpdates {
  /** What the graph computes for the updates, and the memory for it, in the order of the graph's last outputs. */
  readonly fetches: readonly Tensor[];
  private readonly states: readonly { variable: Variable; slot: Slot }[];
  private readonly copied: Copied[] = [];
  private readonly bound: readonly Bound[];
  private readonly sums: readonly Sum[];
  /** The variables move into their region at the first run; later only where somebody read or assigned them. */
  private isFirst = true;

  /** The updates, or undefined where there are none, and where WebAssembly or its memory is not to be had: then the graph does all. */
  static create(
    target: UpdateTarget,
    pieces: SplitGraph,
    variables: readonly Variable[],
    stateOf: (source: InputSource) => number | undefined,
  ): StateUpdates | undefined {
    // A graph without outputs is none that ONNX Runtime takes.
    if (pieces.updates.length === 0 || pieces.graph.outputs.length === 0 || WebAssembly === undefined) return undefined;
    const used: Region[] = [];
    try {
      return new StateUpdates(target, pieces, variables, stateOf, used);
    } catch (error) {
      for (const region of used) target.regions.leave(region);
      // No memory; no vectors.
      if (error instanceof RangeError || error instanceof WebAssembly.CompileError) return undefined;
      throw error;
    }
  }

  /**
   * @param variables by number of the state.
   * @param stateOf the variable that an input is.
   * @param used gets the regions that are entered, one after the other.
   */
  private constructor(
    private readonly target: UpdateTarget,
    { updates, handed, sums }: SplitGraph,
    variables: readonly Variable[],
    stateOf: (source: InputSource) => number | undefined,
    private readonly used: Region[],
  ) {
    const fetches = new Map<Value, Tensor>();
    const bound: Bound[] = [];
    const states: { variable: Variable; slot: Slot }[] = [];
    const summed = new Map<Value, Float32Array>();
    const isSum = new Set(sums.map(({ value }) => value));
    for (const group of groups(updates, target.regions.most)) {
      const written = new Set(group.flatMap(({ results }) => results.map(({ state }) => state)));
      const own = ({ node }: Value): number | undefined => {
        const state = node.op === 'Input' ? stateOf(node.source as InputSource) : undefined;
        return state !== undefined && written.has(state) ? state : undefined;
      };
      const others = [
        ...new Set(group.flatMap(({ vectors }) => vectors.filter((vector) => own(vector) === undefined))),
      ];
      const sizes = others.map(({ shape }) => sizeOf(shape));
      const members = [...written].map((state) => variables[state]!);
      const region = target.regions.enter(members, Region.roomFor(sizes));
      used.push(region);
      states.push(...members.map((variable) => ({ variable, slot: region.slot(variable) })));
      const views = new Map(region.views(sizes).map((view, i) => [others[i]!, view]));
      for (const [value, view] of views) {
        if (value.node.op === 'Input') this.copied.push({ source: value.node.source as InputSource, view });
        else if (isSum.has(value)) summed.set(value, view);
        else fetches.set(value, ortTensor(view, value.shape, 'float32'));
      }
      for (const { scalars } of group) {
        for (const value of scalars) {
          if (value.node.op !== 'Input' && value.node.op !== 'Constant' && !fetches.has(value))
            fetches.set(value, ortTensor(new Float32Array(1), value.shape, 'float32'));
        }
      }
      for (const update of group) {
        const instance = new WebAssembly.Instance(kernelModule(update), { host: { memory: region.memory } });
        const vectors = update.vectors.map((value) => views.get(value) ?? region.slot(variables[own(value)!]!).numbers);
        const results = update.results.map(({ state }) => region.slot(variables[state]!).numbers);
        bound.push({
          run: (instance.exports as { run: Run }).run,
          parameters: [
            4 * update.size,
            ...[...vectors, ...results].map(({ byteOffset }) => byteOffset),
            ...update.scalars.map(({ node }) =>
              node.op === 'Constant' ? Number(constantNumbers(node.outputs[0]!)[0]) : 0,
            ),
          ],
          inputs: update.scalars.map(({ node }) => (node.op === 'Input' ? (node.source as InputSource) : undefined)),
          fetched: update.scalars.map((value) => fetches.get(value)?.data as Float32Array | undefined),
        });
      }
    }
    for (const value of handed) if (!fetches.has(value)) fetches.set(value, resultTensor(value));
    this.sums = sums.map(({ value, updates, index }) => ({
      into: summed.get(value)!,
      updates: fetches.get(updates)!.data as Float32Array,
      index: fetches.get(index)!.data as Int32Array,
    }));
    this.fetches = handed.map((value) => fetches.get(value)!);
    this.states = states;
    this.bound = bound;
  }

  /**
   * Before the graph runs: reads everything that may fail, and has the states where they will be written.
   * @throws when a variable was disposed, or an input cannot be computed; nothing is changed then.
   */
  prepare(numbersOf: (source: InputSource) => Numbers): void {
    for (const { variable } of this.states) assertAlive(variable);
    for (const { source, view } of this.copied) view.set(numbersOf(source) as Float32Array);
    for (const { parameters, inputs } of this.bound) {
      const first = parameters.length - inputs.length;
      inputs.forEach((source, i) => {
        if (source !== undefined) parameters[first + i] = Number(numbersOf(source)[0]);
      });
    }
    let moved = 0;
    for (const { variable, slot } of this.states)
      if (moveIntoSlot(this.target.tensors, variable, slot)) moved += variable.size;
    if (this.isFirst && moved >= COLLECTED_NUMBERS) collectGarbage();
    this.isFirst = false;
  }

  /** After the graph ran; nothing here can fail. */
  run(): void {
    for (const { into, updates, index } of this.sums) sumRows(into, updates, index);
    for (const { run, parameters, fetched } of this.bound) {
      const first = parameters.length - fetched.length;
      for (let i = 0; i < fetched.length; i++) {
        const number = fetched[i];
        if (number !== undefined) parameters[first + i] = number[0]!;
      }
      run(...parameters);
    }
    for (const { variable } of this.states) this.target.tensors.of(variable.dataId).noteUpdate();
  }

  /** What one run reads and writes. */
  get bytes(): number {
    const rows = this.sums.reduce(
      (sum, { into, updates, index }) => sum + 4 * (into.length + 2 * updates.length + index.length),
      0,
    );
    return this.bound.reduce(
      (sum, { parameters, fetched }) => sum + parameters[0]! * (parameters.length - fetched.length - 1),
      rows,
    );
  }

  /** Gives the variables memory of their own, unless another function still writes them here. */
  dispose(): void {
    for (const region of this.used) this.target.regions.leave(region);
  }
}

/** Updates that go into one memory together. */
function groups(updates: readonly Update[], most: number): Update[][] {
  const result: Update[][] = [];
  let length = Number.POSITIVE_INFINITY;
  for (const update of updates) {
    const needed = numbersOf(update);
    if (length + needed > most) {
      result.push([]);
      length = 0;
    }
    result[result.length - 1]!.push(update);
    length += needed;
  }
  return result;
}
