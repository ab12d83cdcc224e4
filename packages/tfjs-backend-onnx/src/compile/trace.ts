import type { TensorInfo, Variable } from '@tensorflow/tfjs-core';
import { type BackendValues, type Entry, elementType, escaped, HostSource, ownNumbers } from '../entry.js';
import { constantValue, type InputSource, inputValue, type Numbers, topological, type Value } from '../ir/graph.js';
import { full } from '../ir/ops.js';
import { uniformNumber } from '../ir/uniform.js';
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
export class Trace {
  /** Constants in the order in which the function made them: equal in each trace, or the function is not a function. */
  readonly written: WrittenConstant[] = [];
  readonly fills: FillSource[] = [];
  private readonly leaves = new Map<Entry, Value>();
  private readonly states = new Map<Entry, Variable>();

  constructor(
    variables: readonly { variable: Variable; entry: Entry }[],
    private readonly evaluate: (value: Value) => Numbers,
    /** Who follows the function, for messages. */
    private readonly caller: string,
  ) {
    for (const { variable, entry } of variables) this.states.set(entry, variable);
  }

  /** The backend stored numbers that came from JavaScript. */
  wrote(entry: Entry): void {
    // The function may use the same buffer again.
    ownNumbers(entry);
    this.written.push({ numbers: entry.values!, shape: entry.shape, dtype: entry.dtype });
  }

  /** The value of a tensor inside the graph. */
  recorded(entry: Entry): Value {
    if (entry.trace !== undefined && entry.trace !== this) throw escaped();
    if (entry.value !== undefined) return entry.value;
    let value = this.leaves.get(entry);
    if (value === undefined) {
      value = this.leaf(entry);
      this.leaves.set(entry, value);
    }
    return value;
  }

  private leaf(entry: Entry): Value {
    const type = elementType(entry.dtype);
    if (type === undefined) {
      const remedy =
        entry.dtype === 'complex64' ? 'return tf.real and tf.imag of it' : 'use it outside of the function';
      throw new Error(
        `${this.caller}: tensors inside of the function must be float32, int32 or bool, got ${entry.dtype}[${entry.shape}]; ${remedy}`,
      );
    }
    const variable = this.states.get(entry);
    if (variable !== undefined) return inputValue(new StateSource(variable), variable.shape, type);
    if (entry.values === undefined) throw entry.failure ?? escaped();
    ownNumbers(entry);
    const numbers = entry.values as Numbers;
    entry.shared = true;
    const uniform = uniformNumber(numbers);
    if (uniform !== undefined) return full(entry.shape, uniform, type);
    if (numbers.length <= EMBEDDED) return constantValue(numbers, entry.shape, type);
    return inputValue(new HostSource(numbers), entry.shape, type);
  }

  addFill(fill: FillSource): void {
    this.fills.push(fill);
  }

  /** Whether the numbers of a tensor are known now and will be the same at each replay. */
  isConstant(entry: Entry): boolean {
    return entry.values !== undefined && !this.states.has(entry);
  }

  /** Whether the numbers of a tensor can be found out now: it depends on no argument, variable or host input. */
  private isKnown(entry: Entry): boolean {
    if (this.isConstant(entry)) return true;
    if (entry.parts !== undefined) return false;
    const inputs = topological([this.recorded(entry)]).filter((node) => node.op === 'Input');
    return inputs.every((node) => (node.source as InputSource) instanceof HostSource);
  }

  /** The function reads numbers. Constants have some; anything that depends on arguments or variables has none yet. */
  read(entry: Entry): BackendValues {
    if (this.isConstant(entry)) {
      if (entry.resident) ownNumbers(entry);
      return entry.values!;
    }
    if (this.isKnown(entry)) return this.evaluate(this.recorded(entry)) as BackendValues;
    throw new Error(
      `${this.caller}: the function reads the numbers of a tensor (data, dataSync, print, or a condition on them) that depend on its arguments or on variables. Its steps must not depend on numbers: use tf.where, or read outside of the function`,
    );
  }

  /** A kernel is about to be computed in JavaScript. */
  fallback(kernel: string, inputs: readonly TensorInfo[], entryOf: (info: TensorInfo) => Entry): void {
    if (inputs.every((info) => this.isKnown(entryOf(info)))) return;
    const given = inputs.map((info) => `${info.dtype}[${info.shape.join(',')}]`).join(', ');
    throw new Error(
      `${this.caller}: kernel ${kernel}(${given}) has no form in ONNX and cannot be part of the function; call it outside`,
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
