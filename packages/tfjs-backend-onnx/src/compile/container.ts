import { Tensor, Variable } from '@tensorflow/tfjs-core';

/** The shape of a nested argument or result: tensors replaced by their number in a flat list. */
export type Structure =
  | { kind: 'tensor'; index: number }
  | { kind: 'list'; items: Structure[] }
  | { kind: 'record'; items: [string, Structure][] }
  | { kind: 'other'; value: unknown };

const objects = new WeakMap<object, number>();
const symbols = new Map<symbol, number>();
let nextIdentity = 0;

function identity(value: object | symbol): number {
  const number = typeof value === 'symbol' ? symbols.get(value) : objects.get(value);
  if (number !== undefined) return number;
  if (typeof value === 'symbol') symbols.set(value, nextIdentity);
  else objects.set(value, nextIdentity);
  return nextIdentity++;
}

function isPlain(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

const isTensor = (value: unknown): boolean => value instanceof Tensor && !(value instanceof Variable);

/** @throws for what a signature by identity would miss: numbers and tensors that change inside one and the same object. */
function assertOpaque(value: object, caller: string): void {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    throw new Error(
      `${caller}: arguments and results must be tensors or plain values, got ${value.constructor.name}, whose numbers would be frozen; wrap it in tf.tensor`,
    );
  }
  if (value instanceof Map || value instanceof Set) {
    throw new Error(
      `${caller}: arguments and results must be tensors, lists, plain objects and plain values, got a ${value.constructor.name}, whose contents would be frozen; hand over a list or Object.fromEntries`,
    );
  }
  if (!Object.values(value).some((item) => isTensor(item) || (Array.isArray(item) && item.some(isTensor)))) return;
  throw new Error(
    `${caller}: tensors must come in lists or plain objects, got ${value.constructor.name} that holds tensors, which would be frozen; hand over the tensors themselves`,
  );
}

/** Text that differs for values that differ. */
function describe(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'bigint':
      return `${value}n`;
    case 'symbol':
    case 'function':
      return `#${identity(value)}`;
    case 'object':
      return value === null ? 'null' : `#${identity(value)}`;
    default:
      return String(value);
  }
}

/**
 * Takes the tensors out of nested lists and plain objects; with `variables`, variables as well. `signature` describes
 * the rest: numbers, strings and flags by value; functions, variables and instances of classes by identity, without
 * what they hold. Two containers of equal signature thus differ only in the numbers of their tensors and in what
 * changed inside such objects.
 *
 * @throws for typed arrays, maps and sets, and for instances of classes that hold tensors themselves: identity would not
 * show that they changed.
 */
export function flatten(
  container: unknown,
  { variables = false, caller = 'compile' }: { variables?: boolean; caller?: string } = {},
): { tensors: Tensor[]; structure: Structure; signature: string } {
  const tensors: Tensor[] = [];
  let signature = '';
  const visit = (value: unknown): Structure => {
    if (value instanceof Tensor && (variables || !(value instanceof Variable))) {
      signature += `${value.dtype}[${value.shape.join(',')}] `;
      return { kind: 'tensor', index: tensors.push(value) - 1 };
    }
    if (Array.isArray(value)) {
      signature += '( ';
      const items = Array.from(value, visit); // not map, which skips holes
      signature += ') ';
      return { kind: 'list', items };
    }
    if (typeof value === 'object' && value !== null && !(value instanceof Variable)) {
      if (isPlain(value)) {
        signature += '{ ';
        const items = Object.keys(value).map((key): [string, Structure] => {
          signature += `${JSON.stringify(key)}: `;
          return [key, visit(value[key])];
        });
        signature += '} ';
        return { kind: 'record', items };
      }
      assertOpaque(value, caller);
    }
    signature += `${describe(value)} `;
    return { kind: 'other', value };
  };
  const structure = visit(container);
  return { tensors, structure, signature };
}

/** The inverse of `flatten` with other tensors in place. */
export function unflatten(structure: Structure, tensors: readonly unknown[]): unknown {
  switch (structure.kind) {
    case 'tensor':
      return tensors[structure.index];
    case 'list':
      return structure.items.map((item) => unflatten(item, tensors));
    case 'record':
      return Object.fromEntries(structure.items.map(([key, item]) => [key, unflatten(item, tensors)]));
    case 'other':
      return structure.value;
  }
}
