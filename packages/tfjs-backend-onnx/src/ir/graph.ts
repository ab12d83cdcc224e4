import { InternedTexts } from './interned-texts.js';

/** Element types of the intermediate representation. tfjs sees float32, int32 and bool; the others live inside graphs only. */
export type ElementType = 'float32' | 'float64' | 'int32' | 'int64' | 'bool';

/** Attributes are plain numbers, strings and lists of numbers, so that a node can be compared by structure. */
export type Attribute = number | string | boolean | readonly number[];
export type Attributes = Readonly<Record<string, Attribute | undefined>>;

/** The numbers behind a constant or an input. */
export type Numbers = Float32Array | Float64Array | Int32Array | Uint8Array | BigInt64Array;

/** Zeros in the array class of a type. */
export function newNumbers(length: number, type: ElementType): Numbers {
  switch (type) {
    case 'float32':
      return new Float32Array(length);
    case 'float64':
      return new Float64Array(length);
    case 'int32':
      return new Int32Array(length);
    case 'int64':
      return new BigInt64Array(length);
    case 'bool':
      return new Uint8Array(length);
  }
}

/** One result of one node: a tensor that has a shape and a type, but no numbers yet. Immutable. */
export interface Value {
  readonly node: Node;
  /** Which of the node's outputs this is. */
  readonly index: number;
  readonly shape: readonly number[];
  readonly type: ElementType;
}

/** One operation. `domain` is empty for standard ONNX operators, `crossmodal` for composites that are lowered later. */
export interface Node {
  readonly op: string;
  readonly domain: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly attrs: Attributes;
  readonly outputs: readonly Value[];
  /** Number of the node's (operation, attributes) pair: equal signatures compute equal functions. */
  readonly signature: number;
  /** Numbers of a constant node; where an input node gets its numbers from. */
  readonly source: Numbers | InputSource | undefined;
  /** The tfjs kernel that the node was recorded for; for messages and profiles only. */
  readonly origin: string;
}

/** An input of a graph. Identity decides: the same source object is the same input. */
export interface InputSource {
  readonly kind: 'input';
}

/** A graph is its outputs: everything else is what they depend on. */
export interface Graph {
  readonly outputs: readonly Value[];
}

let origin = '';

/** Names the tfjs kernel that nodes created from now on belong to. */
export function setOrigin(kernel: string): void {
  origin = kernel;
}

/**
 * Signatures of nodes. 16 million characters are some 200,000 operations: what one trace of a function records is there
 * when the second trace is compared with it, whatever changing attributes came in before.
 */
export const signatures = new InternedTexts(2 ** 23);

/** The small number that stands for a text. */
export function intern(text: string): number {
  return signatures.numberOf(text);
}

/** Text that differs for numbers that differ: -0 is not 0. */
export function numbersText(numbers: ArrayLike<number | bigint>): string {
  let text = '';
  for (let i = 0; i < numbers.length; i++) {
    const value = numbers[i]!;
    text += `${i === 0 ? '' : ','}${Object.is(value, -0) ? '-0' : value}`;
  }
  return text;
}

function valueText(value: Attribute): string {
  if (typeof value === 'object') return `[${numbersText(value)}]`;
  return typeof value === 'number' ? numbersText([value]) : String(value);
}

function attributeText(attrs: Attributes): string {
  let text = '';
  for (const name of Object.keys(attrs).sort()) {
    const value = attrs[name];
    if (value !== undefined) text += `;${name}=${valueText(value)}`;
  }
  return text;
}

export interface NodeSpec {
  op: string;
  domain?: string;
  inputs: readonly (Value | undefined)[];
  attrs?: Attributes;
  outputs: readonly { shape: readonly number[]; type: ElementType }[];
}

/** Creates a node. Shapes and types of its outputs are the caller's business (`ops.ts` infers them). */
export function createNode({ op, domain = '', inputs, attrs = {}, outputs }: NodeSpec): Node {
  const results: Value[] = [];
  // The result of a composite is not always given by its operands: images of several sizes have the same gradient.
  const shapes = domain === '' ? '' : outputs.map(({ shape }) => `[${shape}]`).join('');
  const node: Node = {
    op,
    domain,
    inputs,
    attrs,
    outputs: results,
    signature: intern(`${domain}:${op}${shapes}${attributeText(attrs)}`),
    source: undefined,
    origin,
  };
  outputs.forEach(({ shape, type }, index) => {
    results.push({ node, index, shape, type });
  });
  return node;
}

/** The same operation on other inputs of the same shapes and types. */
export function withInputs(node: Node, inputs: readonly (Value | undefined)[]): Node {
  const outputs: Value[] = [];
  const copy: Node = { ...node, inputs, outputs };
  for (const { index, shape, type } of node.outputs) outputs.push({ node: copy, index, shape, type });
  return copy;
}

/** A graph input that reads its numbers from `source` when the graph runs. */
export function inputValue(source: InputSource, shape: readonly number[], type: ElementType): Value {
  return leaf('Input', source, shape, type, intern(`input:${type}[${shape.join(',')}]`));
}

/**
 * A constant known when the graph is built. `name` identifies large computed contents (equal names must mean equal
 * numbers); without it the numbers themselves are the identity.
 */
export function constantValue(numbers: Numbers, shape: readonly number[], type: ElementType, name?: string): Value {
  const identity = name ?? (numbers.length <= 64 ? numbersText(numbers) : contentHash(numbers));
  return leaf('Constant', numbers, shape, type, intern(`constant:${type}[${shape.join(',')}]${identity}`));
}

function leaf(
  op: string,
  source: Numbers | InputSource,
  shape: readonly number[],
  type: ElementType,
  signature: number,
): Value {
  const outputs: Value[] = [];
  const node: Node = { op, domain: '', inputs: [], attrs: {}, outputs, signature, source, origin };
  const value: Value = { node, index: 0, shape, type };
  outputs.push(value);
  return value;
}

/** Two independent 32-bit FNV-1a style hashes of the bytes; enough to tell captured constants apart. */
export function contentHash(numbers: Numbers): string {
  const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  let a = 0x811c9dc5;
  let b = 0x01000193;
  for (const byte of bytes) {
    a = Math.imul(a ^ byte, 0x01000193);
    b = Math.imul(b ^ byte, 0x85ebca6b) ^ (b >>> 13);
  }
  return `#${bytes.length}:${a >>> 0}:${b >>> 0}`;
}

export const isConstant = (value: Value): boolean => value.node.op === 'Constant';

/** The numbers of a constant. */
export function constantNumbers(value: Value): Numbers {
  return value.node.source as Numbers;
}

/** The number of a constant with one element. */
export function scalarOf(value: Value): number | undefined {
  return isConstant(value) && sizeOf(value.shape) === 1 ? Number(constantNumbers(value)[0]) : undefined;
}

/** All nodes that the outputs depend on, every node after its inputs. */
export function topological(outputs: readonly Value[]): Node[] {
  const order: Node[] = [];
  const state = new Map<Node, number>(); // how many inputs were visited; -1 when done
  const stack: Node[] = [];
  for (const output of outputs) {
    if (state.has(output.node)) continue;
    stack.push(output.node);
    state.set(output.node, 0);
    while (stack.length > 0) {
      const node = stack[stack.length - 1]!;
      let next = state.get(node)!;
      let pushed = false;
      while (next < node.inputs.length) {
        const input = node.inputs[next++];
        if (input !== undefined && !state.has(input.node)) {
          state.set(node, next);
          state.set(input.node, 0);
          stack.push(input.node);
          pushed = true;
          break;
        }
      }
      if (pushed) continue;
      state.set(node, -1);
      order.push(node);
      stack.pop();
    }
  }
  return order;
}

/** Sizes of a shape. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const dim of shape) size *= dim;
  return size;
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
