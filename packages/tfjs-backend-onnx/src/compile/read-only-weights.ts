import type { Variable } from '@tensorflow/tfjs-core';
import { materialise } from '../export/materialise.js';
import { type Graph, type InputSource, type Numbers, topological, type Value } from '../ir/graph.js';
import { withoutReshape } from '../ir/ops.js';
import { LARGE_TABLE, PACKED_NUMBERS, RUNS_BEFORE_PACKING } from '../machine-thresholds.js';
import type { TensorMemory } from '../memory/tensor-memory.js';
import type { Tensors } from '../memory/tensors.js';
import { assertAlive } from '../memory/variable-memory.js';
import { StateSource } from './sources.js';

/** Most bytes of weights in one graph: a model of ONNX is a message of less than 2 GiB, and is in memory twice. */
const MOST_BYTES = 2 ** 30;

/**
 * The variables of a compiled function that assigns none, as constants of its graph: ONNX Runtime packs constant weights
 * for its kernels once, where it would pack inputs at each run, and normalisations are folded into them.
 *
 * They are constants only as long as nobody changes them. Each run compares where their numbers are, and how often that
 * memory was written, with the run before. The first change brings the weights back as inputs; after more unchanged runs
 * than the last time they are constants again, so that a function that is called after every training step is not built
 * over and over.
 */
export class ReadOnlyWeights {
  #seen: readonly Stamp[] = [];
  /** Runs in a row that found the numbers of the run before. */
  #unchanged = 0;
  #needed = RUNS_BEFORE_PACKING;

  private constructor(
    private readonly tensors: Tensors,
    private readonly graph: Graph,
    private readonly variables: readonly Variable[],
  ) {}

  /** The weights of a graph, or undefined where constants would not pay. */
  static of(tensors: Tensors, outputs: readonly Value[]): ReadOnlyWeights | undefined {
    const variables = weightsOf(outputs);
    const size = variables.reduce((sum, variable) => sum + variable.size, 0);
    if (size < PACKED_NUMBERS || 4 * size > MOST_BYTES) return undefined;
    return new ReadOnlyWeights(tensors, { outputs }, variables);
  }

  /** Bytes of the weights. */
  get bytes(): number {
    return this.variables.reduce((sum, { size }) => sum + 4 * size, 0);
  }

  /** Notes a run. @returns whether the numbers are those of the run before. @throws when a variable was disposed. */
  note(): boolean {
    const seen = this.variables.map((variable): Stamp => {
      assertAlive(variable);
      const memory = this.tensors.of(variable.dataId);
      this.tensors.numbersForNow(memory);
      // Constants would not see what the caller writes into its array later, so inputs must not either.
      if (memory.state.kind === 'lent') memory.numbersForLater();
      return { memory, version: memory.version };
    });
    const isSame = seen.every(({ memory, version }, i) => {
      const before = this.#seen[i];
      return before?.memory === memory && before.version === version;
    });
    this.#seen = seen;
    this.#unchanged = isSame ? this.#unchanged + 1 : 0;
    return isSame;
  }

  /** Whether so many runs left them alone that it pays to make constants of them. */
  get isSettled(): boolean {
    return this.#unchanged >= this.#needed;
  }

  /** What was noted does not count: whatever the next run finds is a change. */
  forget(): void {
    this.#seen = [];
    this.#unchanged = 0;
  }

  /** To make constants of them did not pay: they changed, or no graph could be built. */
  noteWaste(): void {
    this.#needed *= 2;
  }

  /** The graph with the numbers of the weights in it, which nobody writes from now on. */
  constants(): readonly Value[] {
    const { tensors, variables, graph } = this;
    const chosen = new Set(variables);
    const numbersOf = (variable: Variable) => tensors.of(variable.dataId).numbersForLater() as Numbers;
    const result = materialise(graph, numbersOf, (variable) => !chosen.has(variable));
    // To hold the numbers may have moved them.
    this.#seen = this.#seen.map(({ memory }) => ({ memory, version: memory.version }));
    return result.graph.outputs;
  }
}

/** Which memory had the numbers of a variable, and how often it had changed. */
interface Stamp {
  memory: TensorMemory;
  version: number;
}

/** The variables that products read, and small ones; tables that rows are taken from gain nothing. */
function weightsOf(outputs: readonly Value[]): Variable[] {
  const weights = new Set<Variable>();
  const variableOf = (value: Value | undefined): Variable | undefined => {
    const source = value?.node.source as InputSource | undefined;
    return source instanceof StateSource ? source.variable : undefined;
  };
  for (const { op, domain, inputs, outputs: results } of topological(outputs)) {
    if (op === 'Input') {
      const variable = variableOf(results[0]);
      if (variable !== undefined && variable.size <= LARGE_TABLE) weights.add(variable);
    }
    if (domain === '') continue;
    for (const input of inputs) {
      const variable = input && variableOf(withoutReshape(input));
      if (variable !== undefined) weights.add(variable);
    }
  }
  return [...weights];
}
