import { Tensor, Variable } from '@tensorflow/tfjs-core';

/** The shape of a nested argument or result: tensors replaced by their number in a flat list. */
export type Structure =
  | { kind: 'tensor'; index: number }
  | { kind: 'list'; items: Structure[] }
  | { kind: 'record'; items: [string, Structure][] }
  | { kind: 'other'; value: unknown };

const identities = new WeakMap<object, number>();
let nextIdentity = 0;

function identity(value: object): number {
  let id = identities.get(value);
  if (id === undefined) {
    id = nextIdentity++;
    identities.set(value, id);
  }
  return id;
}

function isPlain(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * Takes the tensors out of nested lists and plain objects. `signature` describes everything else: two containers of
 * equal signature differ only in the numbers of their tensors.
 */
export function flatten(container: unknown): { tensors: Tensor[]; structure: Structure; signature: string } {
  const tensors: Tensor[] = [];
  let signature = '';
  const visit = (value: unknown): Structure => {
    if (value instanceof Tensor && !(value instanceof Variable)) {
      signature += `${value.dtype}[${value.shape.join(',')}] `;
      return { kind: 'tensor', index: tensors.push(value) - 1 };
    }
    if (Array.isArray(value)) {
      signature += '( ';
      const items = value.map(visit);
      signature += ') ';
      return { kind: 'list', items };
    }
    if (typeof value === 'object' && value !== null && !(value instanceof Variable) && isPlain(value)) {
      signature += '{ ';
      const items = Object.keys(value).map((key): [string, Structure] => {
        signature += `${key}: `;
        return [key, visit(value[key])];
      });
      signature += '} ';
      return { kind: 'record', items };
    }
    if ((typeof value === 'object' && value !== null) || typeof value === 'function')
      signature += `#${identity(value)} `;
    else signature += `${typeof value}:${String(value)} `;
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
