import { engine, type Tensor as TfTensor, type Variable } from '@tensorflow/tfjs-core';
import type { Tensor } from 'onnxruntime-common';
import { assertSynchronous } from '../function-argument.js';
import { type Graph, type InputSource, inputValue, type Numbers, sizeOf, type Value } from '../ir/graph.js';
import { withoutReshape } from '../ir/ops.js';
import { UPDATE_THREADS } from '../machine-thresholds.js';
import { HostSource } from '../memory/host-source.js';
import { type BackendValues, elementType } from '../memory/numbers.js';
import type { Regions } from '../memory/regions.js';
import { separateVariables } from '../memory/separate-variables.js';
import { EscapedTensorError } from '../memory/tensor-memory.js';
import type { Tensors } from '../memory/tensors.js';
import { assertAlive, assignBuffer } from '../memory/variable-memory.js';
import type { Executor } from '../run/executor.js';
import { type GraphKey, graphKey } from '../run/key.js';
import { makePlan, type Plan, type PlanExtra, type PlanOptions, runPlan } from '../run/plan.js';
import { ortTensor, resultTensor } from '../run/session.js';
import type { Statistics } from '../run/statistics.js';
import { type SplitGraph, splitUpdates } from '../update/split.js';
import { StateUpdates } from '../update/state-updates.js';
import { flatten, type Structure, unflatten } from './container.js';
import { computeEscaped, stateError } from './escaped-tensors.js';
import { type Counts, countUpdates, OptimiserCounters } from './optimiser-counters.js';
import { OptimiserSettings } from './optimiser-settings.js';
import type { PackedBytes } from './packed-bytes.js';
import { ReadOnlyWeights } from './read-only-weights.js';
import { ArgumentSource, type FillSource, StateSource } from './sources.js';
import { differingConstant, Trace } from './trace.js';

type Func = (...args: unknown[]) => unknown;

/** What following a function needs of a backend. */
export interface TraceTarget {
  readonly tensors: Tensors;
  readonly executor: Pick<Executor, 'run'>;
  flush(): void;
}

/** What a compiled function needs of a backend. */
export interface CompileTarget extends TraceTarget {
  readonly options: PlanOptions;
  readonly regions: Regions;
  /** What the weights take that are constants of graphs. */
  readonly packedBytes: PackedBytes;
  readonly statistics: Statistics;
}

export interface Traced {
  /** Results in the order of the structure, then the new values of variables. */
  outputs: Value[];
  shapes: (readonly number[])[];
  structure: Structure;
  states: Variable[];
  fills: FillSource[];
  /** tfjs optimisers that count their updates in JavaScript. */
  counts: Counts;
  trace: Trace;
}

/**
 * Follows a function once, with placeholders for its arguments, and leaves everything outside as it was. `shapes`
 * replaces the shapes of the tensors in `args`: following needs no numbers.
 */
export function traceFunction(
  target: TraceTarget,
  fn: Func,
  args: unknown[],
  {
    caller = 'compile',
    shapes,
    /** Counters that go on counting from one trace to the next, so that what depends on them is seen to change. */
    counters,
    /** Whether little work on numbers that are there is computed at once. */
    folds = true,
  }: {
    caller?: string;
    shapes?: readonly (readonly number[])[];
    counters?: OptimiserCounters;
    folds?: boolean;
  } = {},
): Traced {
  const { tensors } = target;
  target.flush();
  separateVariables(tensors);
  const state = engine();
  const variables = Object.values(state.registeredVariables).map((variable) => ({
    variable,
    dataId: variable.dataId,
    memory: tensors.of(variable.dataId),
  }));
  const trace = new Trace(
    variables,
    (value) => target.executor.run([value])[0]!,
    (dataId) => tensors.of(dataId),
    caller,
    folds,
  );
  // An extra reference keeps the numbers of variables that the function assigns to.
  for (const { memory } of variables) memory.retain();
  tensors.trace = trace;
  state.startScope('compile');
  const ownCounters = counters ?? new OptimiserCounters();
  let isDone = false;
  try {
    const { tensors: argumentTensors, structure } = flatten(args, { caller });
    const placeholders = argumentTensors.map((tensor, index) => {
      const shape = shapes?.[index] ?? tensor.shape;
      if (sizeOf(shape) === 0) return tensor;
      const type = elementType(tensor.dtype);
      if (type === undefined) {
        throw new Error(
          `${caller}: arguments must be float32, int32 or bool, got ${tensor.dtype}[${tensor.shape}]; convert it outside of the function`,
        );
      }
      const value = inputValue(new ArgumentSource(index), shape, type);
      return tensors.tensor(tensors.tensorOf(value, tensor.dtype));
    });
    const { result, counts } = ownCounters.watch(() => fn(...(unflatten(structure, placeholders) as unknown[])));
    assertSynchronous(caller, result, 'await outside of it');
    const created = Object.values(state.registeredVariables).filter(
      (v) => !variables.some(({ variable }) => variable === v),
    );
    if (created.length > 0) {
      const names = created.map((v) => v.name).join(', ');
      for (const variable of created) variable.dispose();
      throw new Error(
        `${caller}: the function creates variables at each call (${names}); create them once, outside, or call the function once before`,
      );
    }
    const { tensors: results, structure: shape } = flatten(result, { variables: true, caller });
    const outputs = results.map((tensor) => trace.recorded(tensors.of(tensor.dataId)));
    const assigned = variables.filter(({ variable, dataId }) => variable.dataId !== dataId);
    for (const { variable } of assigned) outputs.push(trace.recorded(tensors.of(variable.dataId)));
    isDone = true;
    return {
      outputs: outputs.map(withoutReshape),
      shapes: results.map((tensor) => tensor.shape.slice()),
      structure: shape,
      states: assigned.map(({ variable }) => variable),
      fills: trace.fills,
      counts,
      trace,
    };
  } finally {
    for (const { variable, dataId, memory } of variables) {
      if (variable.dataId === dataId) {
        memory.release();
        continue;
      }
      const original = tensors.tensor({ dataId, shape: variable.shape, dtype: variable.dtype });
      variable.assign(original);
      original.dispose();
    }
    state.endScope();
    tensors.trace = undefined;
    if (counters === undefined) ownCounters.restore();
    if (!isDone) compute(target, trace, args);
  }
}

/** @throws when two traces of a function differ: then it is not a function of its arguments and variables. */
function assertSame(first: Traced, second: Traced): void {
  const constant = differingConstant(first.trace.written, second.trace.written);
  if (constant !== undefined) {
    throw new Error(
      `compile: the function creates ${constant} with other numbers each time it is called; compiled, they would be frozen. Random numbers (tf.randomNormal, tf.dropout) and changing JavaScript numbers must come in as arguments, as variables, or through hostInput, which is computed anew at each run`,
    );
  }
  if (graphKey(first.outputs).key !== graphKey(second.outputs).key) {
    throw new Error(
      'compile: the function takes other steps each time it is called; its path must depend on its arguments only',
    );
  }
}

/** Computes what a trace left with somebody. */
function compute({ tensors, executor }: TraceTarget, trace: Trace, args: unknown[]): void {
  if (trace.escaped().length === 0) return;
  computeEscaped(tensors, (outputs) => executor.run(outputs), trace, flatten(args).tensors);
}

/** A graph that runs, and where its inputs come from. */
interface Built {
  readonly plan: Plan;
  readonly sources: readonly InputSource[];
  /** Inputs that are the same at each run. */
  readonly constants: ReadonlyMap<InputSource, Tensor>;
  readonly key: string;
  /** The same graph again, with ONNX Runtime's profiling on. */
  readonly profiled: (profile: string) => Plan;
}

function built(key: GraphKey, build: (profile?: string) => Plan): Built {
  const plan = build();
  const sources = plan.feeds.map(({ position }) => key.inputs[position]!.source);
  const constants = new Map<InputSource, Tensor>();
  plan.feeds.forEach(({ shape, type }, i) => {
    const source = sources[i]!;
    if (source instanceof HostSource) constants.set(source, ortTensor(source.numbers, shape, type));
  });
  return { plan, sources, constants, key: key.key, profiled: build };
}

/** A function compiled for one signature. */
export class Program {
  /** New states that are computed outside of the graph. */
  private readonly updates: StateUpdates | undefined;
  /** States that the graph writes, in the order of its outputs. */
  private readonly states: readonly Variable[];
  private readonly options: PlanOptions;
  /** The variables that the graph only reads, if they can become constants. */
  private readonly weights: ReadOnlyWeights | undefined;
  /** Undefined where the function neither returns nor assigns anything. */
  private current: Built | undefined;
  private isPacked = false;
  /** Those of the optimisers whose updates are in the graph. */
  private readonly settings: OptimiserSettings;

  private constructor(
    private readonly target: CompileTarget,
    private readonly traced: Omit<Traced, 'trace' | 'outputs'>,
    private readonly outputs: readonly Value[],
    threads: number,
  ) {
    this.settings = new OptimiserSettings(traced.counts.keys());
    const key = graphKey(outputs);
    this.options = { ...target.options, threads };
    const from = traced.shapes.length;
    const stateOf = (source: InputSource): number | undefined => {
      const state = source instanceof StateSource ? traced.states.indexOf(source.variable) : -1;
      return state < 0 ? undefined : state;
    };
    const cut = (graph: Graph): SplitGraph => splitUpdates(graph, { from, stateOf, most: target.regions.most });
    let pieces: SplitGraph | undefined;
    let updates: StateUpdates | undefined;
    const split = (graph: Graph): Graph => {
      pieces = cut(graph);
      updates = StateUpdates.create(target, pieces, traced.states, stateOf);
      return updates === undefined ? graph : pieces.graph;
    };
    const again = (graph: Graph): Graph => (updates === undefined ? graph : cut(graph).graph);
    const first = threads <= UPDATE_THREADS ? split : undefined;
    const extra = (profile?: string): PlanExtra => ({
      split: profile === undefined ? first : again,
      distinctFrom: from,
      profile,
    });
    this.current = outputs.length === 0 ? undefined : this.build(key, extra);
    this.updates = updates;
    this.states = updates === undefined ? traced.states : pieces!.left.map((state) => traced.states[state]!);
    this.weights = traced.states.length === 0 ? ReadOnlyWeights.of(target.tensors, outputs) : undefined;
  }

  private build(key: GraphKey, extra: (profile?: string) => PlanExtra, outputs = this.outputs): Built {
    const result = built(key, (profile) => makePlan(outputs, key, this.options, { repeated: true, ...extra(profile) }));
    this.target.statistics.countBuild(result.plan);
    return result;
  }

  /** Has the weights as constants of the graph, or as its inputs, as they were left alone or not. */
  private settle(weights: ReadOnlyWeights): void {
    const { packedBytes } = this.target;
    const isSame = weights.note();
    if (this.isPacked && !isSame) {
      try {
        this.replace(weights, false, this.outputs);
      } catch (error) {
        // Else the next call would take the numbers for those of the graph that is still there.
        weights.forget();
        throw error;
      }
      weights.noteWaste();
    } else if (!this.isPacked && weights.isSettled && packedBytes.hasRoom(weights.bytes)) {
      try {
        this.replace(weights, true, weights.constants());
      } catch {
        // Such as too little memory for a second copy: as inputs they give the same numbers.
        weights.noteWaste();
      }
    }
  }

  private replace(weights: ReadOnlyWeights, packs: boolean, outputs: readonly Value[]): void {
    const next = this.build(graphKey(outputs), (profile) => ({ packs, profile }), outputs);
    this.current?.plan.session.dispose();
    this.current = next;
    this.isPacked = packs;
    this.target.packedBytes.add(packs ? weights.bytes : -weights.bytes);
  }

  /**
   * Follows the function twice, compares, and builds the graph. Whether it succeeds or not, everything outside of the
   * function is as before, and what a failed trace left with somebody has numbers.
   */
  static compile(target: CompileTarget, fn: Func, args: unknown[], { threads = target.options.threads } = {}): Program {
    const counters = new OptimiserCounters();
    const traces: Traced[] = [];
    try {
      for (let i = 0; i < 2; i++) traces.push(traceFunction(target, fn, args, { counters }));
      const [first, second] = traces as [Traced, Traced];
      assertSame(first, second);
      const { outputs, trace: _, ...traced } = second;
      return new Program(target, traced, outputs, threads);
    } catch (error) {
      const [first] = traces;
      const survivors = first?.trace.escaped() ?? [];
      const holdsState = traces.length === 1 && survivors.length > 0 && error instanceof EscapedTensorError;
      const reason: unknown = holdsState ? stateError('compile', survivors, error) : error;
      for (const { trace } of traces) compute(target, trace, args);
      throw reason;
    } finally {
      counters.restore();
    }
  }

  /** Whether an optimiser of TensorFlow.js has other settings, such as the learning rate, than those in the graph. */
  isOutdated(): boolean {
    return this.settings.haveChanged();
  }

  isFor(target: CompileTarget): boolean {
    return this.target === target;
  }

  /** Runs the compiled graph: no JavaScript of the function is called. */
  run(args: unknown[]): unknown {
    const { traced } = this;
    const { tensors, statistics } = this.target;
    const { tensors: argumentTensors } = flatten(args);
    if (this.weights !== undefined) this.settle(this.weights);
    for (const source of traced.fills) source.fill(source.numbers);
    if (this.current === undefined) {
      countUpdates(traced.counts);
      return unflatten(traced.structure, []);
    }
    const { plan, sources, constants, key, profiled } = this.current;
    const feeds: Record<string, Tensor> = {};
    this.updates?.prepare((source) => this.numbers(source, argumentTensors));
    for (let i = 0; i < plan.feeds.length; i++) {
      const { name, shape, type } = plan.feeds[i]!;
      feeds[name] = constants.get(sources[i]!) ?? this.feed(sources[i]!, argumentTensors, shape, type);
    }
    const fetches: Record<string, Tensor> = {};
    const results = traced.shapes.length;
    for (let i = 0; i < results; i++) fetches[plan.outputs[i]!] ??= resultTensor(plan.results[i]!);
    const memories = this.states.map((variable, i) => {
      const memory = tensors.of(variable.dataId);
      tensors.numbersForNow(memory);
      fetches[plan.outputs[results + i]!] = memory.takeBuffer(plan.results[results + i]!);
      return memory;
    });
    const handed = results + this.states.length;
    this.updates?.fetches.forEach((tensor, i) => {
      fetches[plan.outputs[handed + i]!] = tensor;
    });
    const start = performance.now();
    statistics.profiler?.look(key, feeds, profiled);
    runPlan(plan, feeds, fetches);
    statistics.runs++;
    statistics.runMilliseconds += performance.now() - start;
    this.update();
    this.states.forEach((variable, i) => {
      const name = plan.outputs[results + i]!;
      assignBuffer(tensors, variable, memories[i]!, fetches[name]!);
    });
    const output = traced.shapes.map((shape, i) => {
      const numbers = fetches[plan.outputs[i]!]!.data as BackendValues;
      return tensors.tensor(tensors.tensorOfNumbers(numbers, shape, plan.results[i]!.type as 'float32'));
    });
    countUpdates(traced.counts);
    return unflatten(traced.structure, output);
  }

  private update(): void {
    if (this.updates === undefined) return;
    const start = performance.now();
    this.updates.run();
    const milliseconds = performance.now() - start;
    this.target.statistics.profiler?.note({
      kernel: '(update of variables)',
      operator: 'WebAssembly',
      shape: '',
      milliseconds,
      bytes: this.updates.bytes,
    });
  }

  private feed(
    source: InputSource,
    argumentTensors: readonly TfTensor[],
    shape: readonly number[],
    type: Value['type'],
  ): Tensor {
    if (source instanceof StateSource) {
      const { tensors } = this.target;
      assertAlive(source.variable);
      const memory = tensors.of(source.variable.dataId);
      tensors.numbersForNow(memory);
      return memory.feed(shape, type);
    }
    return ortTensor(this.numbers(source, argumentTensors), shape, type);
  }

  /** The numbers of an input at this replay. */
  private numbers(source: InputSource, argumentTensors: readonly TfTensor[]): Numbers {
    const { tensors } = this.target;
    if (source instanceof StateSource) {
      assertAlive(source.variable);
      return tensors.numbersForNow(tensors.of(source.variable.dataId)) as Numbers;
    }
    if (source instanceof ArgumentSource)
      return tensors.numbersForNow(tensors.of(argumentTensors[source.index]!.dataId)) as Numbers;
    return (source as FillSource | HostSource).numbers;
  }

  dispose(): void {
    this.current?.plan.session.dispose();
    this.updates?.dispose();
    if (this.isPacked) this.target.packedBytes.add(-this.weights!.bytes);
    this.isPacked = false;
  }
}
