import type { DataId, TensorInfo, Variable } from '@tensorflow/tfjs-core';
import { constantValue, type InputSource, inputValue, type Numbers, topological, type Value } from '../ir/graph.js';
import { full } from '../ir/ops.js';
import { uniformNumber } from '../ir/uniform.js';
import { HostSource } from '../memory/host-source.js';
import { type BackendValues, elementType } from '../memory/numbers.js';
import { EscapedTensorError, type TensorMemory } from '../memory/tensor-memory.js';
import type { TraceScope } from '../memory/trace-scope.js';
import { type FillSource, StateSource } from './sources.js';

/** Constants up to this size go into the graph; larger ones stay where they are and are fed by reference. */
const EMBEDDED = 64;

/** A constant that the function created while it was followed. */
export interface WrittenConstant {
  numbers: BackendValues;
  shape: readonly number[];
  dtype: string;
}

/** What `compile` and `exportOnnx` note down while they follow a function. */
export class Trace implements TraceScope {
  /** Constants in the order in which the function made them: equal in each trace, or the function is not a function. */
  readonly written: WrittenConstant[] = [];
  readonly fills: FillSource[] = [];
  private readonly leaves = new Map<TensorMemory, Value>();
  /** Memory of what was recorded; most of it is disposed of when the function has returned. */
  private readonly recordedMemory: TensorMemory[] = [];
  private readonly states = new Map<TensorMemory, Variable>();

  constructor(
    variables: readonly { variable: Variable; memory: TensorMemory }[],
    private readonly evaluate: (value: Value) => Numbers,
    private readonly memoryOf: (dataId: DataId) => TensorMemory,
    /** Who follows the function, for messages. */
    private readonly caller: string,
    readonly folds: boolean,
  ) {
    for (const { variable, memory } of variables) this.states.set(memory, variable);
  }

  /** The backend stored numbers that came from JavaScript. */
  wrote(memory: TensorMemory): void {
    // The function may use the same buffer again.
    const numbers = memory.numbersForLater();
    this.written.push({ numbers, shape: memory.shape, dtype: memory.dtype });
  }

  made(memory: TensorMemory): void {
    this.recordedMemory.push(memory);
  }

  /** After the function has returned: what was recorded, and is held by somebody all the same. */
  escaped(): TensorMemory[] {
    return this.recordedMemory.filter(({ state }) => state.kind === 'pending');
  }

  /** The value of a tensor inside the graph. */
  recorded(memory: TensorMemory): Value {
    const { state } = memory;
    if (state.kind === 'pending') {
      if (state.trace !== undefined && state.trace !== this) throw new EscapedTensorError();
      return state.value;
    }
    let value = this.leaves.get(memory);
    if (value === undefined) {
      value = this.leaf(memory);
      this.leaves.set(memory, value);
    }
    return value;
  }

  private leaf(memory: TensorMemory): Value {
    const type = elementType(memory.dtype);
    if (type === undefined) {
      const remedy =
        memory.dtype === 'complex64' ? 'return tf.real and tf.imag of it' : 'use it outside of the function';
      throw new Error(
        `${this.caller}: tensors inside of the function must be float32, int32 or bool, got ${memory.dtype}[${memory.shape}]; ${remedy}`,
      );
    }
    const variable = this.states.get(memory);
    if (variable !== undefined) return inputValue(new StateSource(variable), variable.shape, type);
    const numbers = memory.numbersForLater() as Numbers;
    const uniform = uniformNumber(numbers);
    if (uniform !== undefined) return full(memory.shape, uniform, type);
    if (numbers.length <= EMBEDDED) return constantValue(numbers, memory.shape, type);
    return inputValue(new HostSource(numbers), memory.shape, type);
  }

  addFill(fill: FillSource): void {
    this.fills.push(fill);
  }

  /** Whether the numbers of a tensor are known now and will be the same at each replay. */
  isConstant(memory: TensorMemory): boolean {
    return memory.hasNumbers && !this.states.has(memory);
  }

  /** Whether the numbers of a tensor can be found out now: it depends on no argument, variable or host input. */
  isKnown(memory: TensorMemory): boolean {
    if (this.isConstant(memory)) return true;
    if (memory.state.kind === 'complex') return false;
    const inputs = topological([this.recorded(memory)]).filter((node) => node.op === 'Input');
    return inputs.every((node) => (node.source as InputSource) instanceof HostSource);
  }

  /** The function reads numbers. Constants have some; anything that depends on arguments or variables has none yet. */
  read(memory: TensorMemory): BackendValues {
    if (this.isConstant(memory)) return memory.numbersToHold();
    if (this.isKnown(memory)) return this.evaluate(this.recorded(memory)) as BackendValues;
    throw new Error(
      `${this.caller}: the function reads the numbers of a tensor (data, dataSync, print, or a condition on them) that depend on its arguments or on variables. Its steps must not depend on numbers: use tf.where, or read outside of the function`,
    );
  }

  /** A kernel is about to be computed in JavaScript. */
  fallback(kernel: string, inputs: readonly TensorInfo[]): void {
    if (inputs.every(({ dataId }) => this.isKnown(this.memoryOf(dataId)))) return;
    const operands = inputs.map((info) => `${info.dtype}[${info.shape.join(',')}]`).join(', ');
    throw new Error(
      `${this.caller}: kernel ${kernel}(${operands}) ${inputs.some(({ shape }) => shape.includes(0)) ? 'has a result that depends on numbers beside an empty tensor; leave it out where the tensor is empty' : 'has no form in ONNX and cannot be part of the function; call it outside'}`,
    );
  }
}

function sameBytes(a: Numbers, b: Numbers): boolean {
  const bytes = (numbers: Numbers) => Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  return a === b || bytes(a).equals(bytes(b));
}

/** Describes the first difference between the constants of two traces, if there is one. */
export function differingConstant(a: readonly WrittenConstant[], b: readonly WrittenConstant[]): string | undefined {
  const count = Math.min(a.length, b.length);
  for (let i = 0; i < count; i++) {
    const [first, second] = [a[i]!, b[i]!];
    const name = `${first.dtype}[${first.shape.join(',')}]`;
    if (first.dtype !== second.dtype || first.shape.join() !== second.shape.join()) return name;
    if (first.dtype !== 'string' && !sameBytes(first.numbers as Numbers, second.numbers as Numbers)) return name;
  }
  return a.length === b.length ? undefined : `one of ${Math.max(a.length, b.length)} constants`;
}
