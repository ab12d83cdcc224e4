import { CrossmodalError } from '../../errors.js';

/** What a pickle refers to by module and name; it is never looked up, only compared. */
export class PickleGlobal {
  readonly name: string;
  constructor(module: string, name: string) {
    this.name = `${module}.${name}`;
  }
}

/** Something outside of the pickle, by what it says of it. */
export class PickleReference {
  readonly id: unknown;
  constructor(id: unknown) {
    this.id = id;
  }
}

/** How calls are answered: the only ones that there are. */
export type PickleCalls = Readonly<Record<string, (args: readonly unknown[]) => unknown>>;

/** The number that checkpoints before torch 1.6 begin with, too wide for a double, and what stands for it. */
const legacyNumber = 0x1950a86a20f9469cfc6cn;
export const legacyMagic = Symbol('torch legacy');

const mark = Symbol('mark');

/** Bounds what a hostile file can make of a few bytes. */
const stackLimit = 5_000_000;

/**
 * Reads a pickle of plain values: numbers, texts, lists, tuples (as lists), dictionaries (as maps), references, and the calls
 * that are answered. A pickle is a program; this one can do nothing else.
 *
 * @param bytes from `begin` on
 * @returns the value, and where it ends
 * @throws CrossmodalError when it asks for another call, or is malformed
 */
export function readPickle(
  bytes: Uint8Array,
  { calls, label, begin = 0 }: { calls: PickleCalls; label: string; begin?: number },
): { value: unknown; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  const stack: unknown[] = [];
  const memo = new Map<number, unknown>();
  let at = begin;
  const malformed = (problem: string): never => {
    throw new CrossmodalError(`${label}: not a checkpoint that can be read: ${problem} at byte ${at}`);
  };
  const take = (count: number): Uint8Array => {
    if (!(count >= 0) || at + count > bytes.length) malformed('it ends early');
    at += count;
    return bytes.subarray(at - count, at);
  };
  const decoded = (piece: Uint8Array): string => {
    try {
      return utf8.decode(piece);
    } catch {
      return malformed('a text is not UTF-8');
    }
  };
  const u8 = () => take(1)[0]!;
  const u16 = () => {
    take(2);
    return view.getUint16(at - 2, true);
  };
  const u32 = () => {
    take(4);
    return view.getUint32(at - 4, true);
  };
  const i32 = () => {
    take(4);
    return view.getInt32(at - 4, true);
  };
  const f64 = () => {
    take(8);
    return view.getFloat64(at - 8, false);
  };
  const size64 = () => {
    take(8);
    const value = view.getBigUint64(at - 8, true);
    return value > BigInt(bytes.length) ? malformed('a length is beyond the file') : Number(value);
  };
  const line = () => {
    const end = bytes.indexOf(10, at);
    if (end < 0) malformed('a line has no end');
    return decoded(take(end - at + 1).subarray(0, -1));
  };
  const push = (value: unknown) => {
    if (stack.length > stackLimit) malformed('it holds too many values');
    stack.push(value);
  };
  const pop = () => (stack.length === 0 ? malformed('a value is missing') : stack.pop());
  const popMark = (): unknown[] => {
    const place = stack.lastIndexOf(mark);
    if (place < 0) malformed('a mark is missing');
    const values = stack.splice(place + 1);
    stack.pop();
    return values;
  };
  const top = () => stack.at(-1);
  const setAll = (values: readonly unknown[]) => {
    const target = top();
    if (!(target instanceof Map) || values.length % 2 !== 0) return malformed('items are set on what is no dictionary');
    for (let i = 0; i < values.length; i += 2) target.set(values[i], values[i + 1]);
  };
  const call = (callee: unknown, args: unknown) => {
    const name = callee instanceof PickleGlobal ? callee.name : undefined;
    if (name === undefined || !Object.hasOwn(calls, name) || !Array.isArray(args)) {
      throw new CrossmodalError(
        `${label}: it wants to run ${name ?? 'something unnamed'}, which no checkpoint of weights needs`,
        {
          remedy: 'save state_dict() alone with torch.save, or the weights with safetensors',
        },
      );
    }
    return calls[name]!(args);
  };
  const long = (count: number) => {
    let value = 0n;
    if (count > 16) malformed('a whole number is too large');
    take(count).forEach((byte, i) => {
      value |= BigInt(byte) << BigInt(8 * i);
    });
    if (value === legacyNumber) return legacyMagic;
    if (count > 8) malformed('a whole number is too large');
    return Number(BigInt.asIntN(8 * Math.max(1, count), value));
  };
  const operations: Readonly<Record<number, () => void>> = {
    128: () => void u8(), // PROTO
    149: () => void take(8), // FRAME
    40: () => push(mark), // MARK
    48: () => void pop(), // POP
    49: () => void popMark(), // POP_MARK
    50: () => push(top()), // DUP
    78: () => push(null), // NONE
    136: () => push(true), // NEWTRUE
    137: () => push(false), // NEWFALSE
    75: () => push(u8()), // BININT1
    77: () => push(u16()), // BININT2
    74: () => push(i32()), // BININT
    138: () => push(long(u8())), // LONG1
    71: () => push(f64()), // BINFLOAT
    88: () => push(decoded(take(u32()))), // BINUNICODE
    140: () => push(decoded(take(u8()))), // SHORT_BINUNICODE
    141: () => push(decoded(take(size64()))), // BINUNICODE8
    84: () => push(decoded(take(u32()))), // BINSTRING
    85: () => push(decoded(take(u8()))), // SHORT_BINSTRING
    66: () => push(take(u32())), // BINBYTES
    67: () => push(take(u8())), // SHORT_BINBYTES
    125: () => push(new Map()), // EMPTY_DICT
    93: () => push([]), // EMPTY_LIST
    41: () => push([]), // EMPTY_TUPLE
    133: () => push([pop()]), // TUPLE1
    134: () => push(stack.splice(-2)), // TUPLE2
    135: () => push(stack.splice(-3)), // TUPLE3
    116: () => push(popMark()), // TUPLE
    97: () => {
      const value = pop();
      const list = top();
      Array.isArray(list) ? list.push(value) : malformed('what is no list is added to');
    }, // APPEND
    101: () => {
      const values = popMark();
      const list = top();
      if (!Array.isArray(list)) malformed('what is no list is added to');
      else for (const v of values) list.push(v);
    }, // APPENDS
    115: () => setAll(stack.splice(-2)), // SETITEM
    117: () => setAll(popMark()), // SETITEMS
    113: () => void memo.set(u8(), top()), // BINPUT
    114: () => void memo.set(u32(), top()), // LONG_BINPUT
    148: () => void memo.set(memo.size, top()), // MEMOIZE
    104: () => push(recall(u8())), // BINGET
    106: () => push(recall(u32())), // LONG_BINGET
    99: () => {
      const module = line();
      push(new PickleGlobal(module, line()));
    }, // GLOBAL
    147: () => {
      const name = String(pop());
      push(new PickleGlobal(String(pop()), name));
    }, // STACK_GLOBAL
    82: () => {
      const args = pop();
      push(call(pop(), args));
    }, // REDUCE
    129: () => {
      const args = pop();
      push(call(pop(), args));
    }, // NEWOBJ
    98: () => void pop(), // BUILD: attributes of a dictionary, such as _metadata
    81: () => push(new PickleReference(pop())), // BINPERSID
  };
  const recall = (key: number) => (memo.has(key) ? memo.get(key) : malformed('a memory is missing'));
  for (;;) {
    const code = u8();
    if (code === 0x2e) return { value: pop(), end: at }; // STOP
    const operation = operations[code];
    if (!operation) malformed(`the instruction 0x${code.toString(16)} is not one that checkpoints need,`);
    operation!();
  }
}
