import { engine, type TensorInfo, type Tensor as TfTensor, type Variable } from '@tensorflow/tfjs-core';
import type { Tensor } from 'onnxruntime-common';
import { type BackendValues, elementType, HostSource } from '../entry.js';
import { assertSynchronous } from '../given-function.js';
import { type Graph, type InputSource, inputValue, type Numbers, sizeOf, type Value } from '../ir/graph.js';
import { withoutReshape } from '../ir/ops.js';
import type { RecordingBackend } from '../recording-backend.js';
import { type GraphKey, graphKey } from '../run/key.js';
import { makePlan, type Plan, runPlan } from '../run/plan.js';
import { ortTensor, resultTensor } from '../run/session.js';
import { type SplitGraph, splitUpdates } from '../update/split.js';
import { StateUpdates, UPDATE_THREADS } from '../update/state-updates.js';
import { flatten, type Structure, unflatten } from './container.js';
import { separateVariables } from './separate-variables.js';
import { ArgumentSource, type FillSource, StateSource } from './sources.js';
import { assertAlive, commit, stateFeed, stateFetch } from './state.js';
import { differingConstant, Trace } from './trace.js';

type Func = (...args: unknown[]) => unknown;

export interface Traced {
  /** Results in the order of the structure, then the new values of variables. */
  outputs: Value[];
  shapes: (readonly number[])[];
  structure: Structure;
  states: Variable[];
  fills: FillSource[];
  trace: Trace;
}

/**
 * Follows a function once, with placeholders for its arguments, and leaves everything outside as it was. `shapes`
 * replaces the shapes of the tensors in `args`: following needs no numbers.
 */
export function traceFunction(
  backend: RecordingBackend,
  fn: Func,
  args: unknown[],
  { caller = 'compile', shapes }: { caller?: string; shapes?: readonly (readonly number[])[] } = {},
): Traced {
  backend.flush();
  separateVariables(backend);
  const state = engine();
  const variables = Object.values(state.registeredVariables).map((variable) => ({
    variable,
    dataId: variable.dataId,
    entry: backend.entry(variable.dataId),
  }));
  const trace = new Trace(variables, (value) => backend.executor.run([value])[0]!, caller);
  // An extra reference keeps the numbers of variables that the function assigns to.
  for (const { entry } of variables) entry.refCount++;
  backend.trace = trace;
  state.startScope('compile');
  try {
    const { tensors, structure } = flatten(args, { caller });
    const placeholders = tensors.map((tensor, index) => {
      const shape = shapes?.[index] ?? tensor.shape;
      if (sizeOf(shape) === 0) return tensor;
      const type = elementType(tensor.dtype);
      if (type === undefined) {
        throw new Error(
          `${caller}: arguments must be float32, int32 or bool, got ${tensor.dtype}[${tensor.shape}]; convert it outside of the function`,
        );
      }
      const value = inputValue(new ArgumentSource(index), shape, type);
      return state.makeTensorFromTensorInfo(backend.tensorOf(value, tensor.dtype), backend);
    });
    const result = fn(...(unflatten(structure, placeholders) as unknown[]));
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
    const outputs = results.map((tensor) => trace.recorded(backend.entry(tensor.dataId)));
    const assigned = variables.filter(({ variable, dataId }) => variable.dataId !== dataId);
    for (const { variable } of assigned) outputs.push(trace.recorded(backend.entry(variable.dataId)));
    return {
      outputs: outputs.map(withoutReshape),
      shapes: results.map((tensor) => tensor.shape.slice()),
      structure: shape,
      states: assigned.map(({ variable }) => variable),
      fills: trace.fills,
      trace,
    };
  } finally {
    for (const { variable, dataId, entry } of variables) {
      if (variable.dataId === dataId) {
        entry.refCount--;
        continue;
      }
      const info: TensorInfo = { dataId, shape: variable.shape, dtype: variable.dtype };
      const original = state.makeTensorFromTensorInfo(info, backend) as TfTensor;
      variable.assign(original);
      original.dispose();
    }
    state.endScope();
    backend.trace = undefined;
  }
}

/** A function compiled for one signature. */
export class Program {
  readonly plan: Plan;
  /** New states that are computed outside of the graph. */
  private readonly updates: StateUpdates | undefined;
  /** States that the graph writes, in the order of its outputs. */
  private readonly states: readonly Variable[];
  private readonly sources: readonly InputSource[];
  private readonly key: GraphKey;
  /** The same graph again, with ONNX Runtime's profiling on. */
  private readonly profiled: (profile: string) => Plan;
  private readonly constants = new Map<InputSource, Tensor>();

  private constructor(
    private readonly backend: RecordingBackend,
    private readonly traced: Omit<Traced, 'trace' | 'outputs'>,
    outputs: readonly Value[],
    threads: number,
  ) {
    const key = graphKey(outputs);
    this.key = key;
    const from = traced.shapes.length;
    const stateOf = (source: InputSource): number | undefined => {
      const state = source instanceof StateSource ? traced.states.indexOf(source.variable) : -1;
      return state < 0 ? undefined : state;
    };
    const cut = (graph: Graph): SplitGraph => splitUpdates(graph, { from, stateOf });
    const build = (split: ((graph: Graph) => Graph) | undefined, profile?: string): Plan =>
      makePlan(outputs, key, { ...backend.options, threads }, { distinctFrom: from, repeated: true, split, profile });
    let pieces: SplitGraph | undefined;
    let updates: StateUpdates | undefined;
    const split = (graph: Graph): Graph => {
      pieces = cut(graph);
      updates = StateUpdates.create(backend, pieces, traced.states, stateOf);
      return updates === undefined ? graph : pieces.graph;
    };
    this.plan = build(threads <= UPDATE_THREADS ? split : undefined);
    this.updates = updates;
    this.states = updates === undefined ? traced.states : pieces!.left.map((state) => traced.states[state]!);
    this.profiled = (profile) => build(updates === undefined ? undefined : (graph) => cut(graph).graph, profile);
    this.sources = this.plan.feeds.map(({ position }) => key.inputs[position]!.source);
    this.plan.feeds.forEach(({ shape, type }, i) => {
      const source = this.sources[i]!;
      if (source instanceof HostSource) this.constants.set(source, ortTensor(source.numbers, shape, type));
    });
    backend.statistics.countBuild(this.plan);
  }

  /** Follows the function twice, compares, and builds the graph. */
  static compile(
    backend: RecordingBackend,
    fn: Func,
    args: unknown[],
    { threads = backend.options.threads } = {},
  ): Program {
    const first = traceFunction(backend, fn, args);
    const second = traceFunction(backend, fn, args);
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
    const { outputs, trace: _, ...traced } = second;
    return new Program(backend, traced, outputs, threads);
  }

  isFor(backend: RecordingBackend): boolean {
    return this.backend === backend;
  }

  /** Runs the compiled graph: no JavaScript of the function is called. */
  run(args: unknown[]): unknown {
    const { backend, plan, traced } = this;
    const { tensors } = flatten(args);
    const feeds: Record<string, Tensor> = {};
    for (const source of traced.fills) source.fill(source.numbers);
    this.updates?.prepare((source) => this.numbers(source, tensors));
    for (let i = 0; i < plan.feeds.length; i++) {
      const { name, shape, type } = plan.feeds[i]!;
      feeds[name] = this.feed(this.sources[i]!, tensors, shape, type);
    }
    const fetches: Record<string, Tensor> = {};
    const results = traced.shapes.length;
    for (let i = 0; i < results; i++) fetches[plan.outputs[i]!] ??= resultTensor(plan.results[i]!);
    const entries = this.states.map((variable, i) => {
      const entry = backend.entry(variable.dataId);
      backend.numbers(entry);
      fetches[plan.outputs[results + i]!] = stateFetch(entry, plan.results[results + i]!);
      return entry;
    });
    const handed = results + this.states.length;
    this.updates?.fetches.forEach((tensor, i) => {
      fetches[plan.outputs[handed + i]!] = tensor;
    });
    const start = performance.now();
    backend.statistics.profiler?.look(this.key.key, feeds, this.profiled);
    runPlan(plan, feeds, fetches);
    backend.statistics.runs++;
    backend.statistics.runMilliseconds += performance.now() - start;
    this.update();
    this.states.forEach((variable, i) => {
      const name = plan.outputs[results + i]!;
      commit(backend, variable, entries[i]!, fetches[name]!);
    });
    const given = plan.outputs.slice(0, results);
    const output = traced.shapes.map((shape, i) => {
      const name = given[i]!;
      const info = backend.tensorOfNumbers(
        fetches[name]!.data as BackendValues,
        shape,
        plan.results[i]!.type as 'float32',
      );
      if (given.indexOf(name) !== given.lastIndexOf(name)) backend.entry(info.dataId).shared = true;
      return engine().makeTensorFromTensorInfo(info, backend);
    });
    return unflatten(traced.structure, output);
  }

  private update(): void {
    if (this.updates === undefined) return;
    const start = performance.now();
    this.updates.run();
    const milliseconds = performance.now() - start;
    this.backend.statistics.profiler?.note({
      kernel: '(update of variables)',
      operator: 'WebAssembly',
      shape: '',
      milliseconds,
    });
  }

  private feed(
    source: InputSource,
    tensors: readonly TfTensor[],
    shape: readonly number[],
    type: Value['type'],
  ): Tensor {
    if (source instanceof StateSource) {
      const { variable } = source;
      assertAlive(variable);
      return stateFeed(this.backend, this.backend.entry(variable.dataId), shape, type);
    }
    return this.constants.get(source) ?? ortTensor(this.numbers(source, tensors), shape, type);
  }

  /** The numbers of an input at this replay. */
  private numbers(source: InputSource, tensors: readonly TfTensor[]): Numbers {
    const { backend } = this;
    if (source instanceof StateSource) {
      assertAlive(source.variable);
      const entry = backend.entry(source.variable.dataId);
      return (entry.resident ? entry.values : backend.numbers(entry)) as Numbers;
    }
    if (source instanceof ArgumentSource)
      return backend.numbers(backend.entry(tensors[source.index]!.dataId)) as Numbers;
    return (source as FillSource | HostSource).numbers;
  }

  dispose(): void {
    this.plan.session.dispose();
    this.updates?.dispose();
    this.constants.clear();
  }
}
