import type { Operand, Update, UpdateOperator } from './split.js';
import {
  END,
  F32,
  F32X4,
  I32,
  I32_ADD,
  I32_LESS,
  i32Constant,
  LOOP,
  localGet,
  localSet,
  localTee,
  moduleOf,
  REPEAT_IF,
  V128_AND,
  V128_LOAD,
  V128_OR,
  V128_STORE,
  v128Constant,
  WebAssembly,
} from './webassembly.js';

/** Bytes of the vector registers. */
const STEP = 16;

/**
 * An update as WebAssembly: one loop that loads four elements of each vector, computes, and stores. Each operator is
 * rounded as ONNX Runtime rounds it, so the numbers are the same, bit for bit.
 *
 * Its parameters: bytes of a vector; addresses of the vectors, then of the results; the scalars. Results may lie where
 * vectors lie.
 */
export function kernelModule(update: Pick<Update, 'vectors' | 'scalars' | 'steps' | 'results'>): object {
  const { steps, results } = update;
  const key = JSON.stringify([update.vectors.length, update.scalars.length, steps, results.map((r) => r.operand)]);
  let module = modules.get(key);
  if (module === undefined) {
    module = new WebAssembly.Module(kernelBytes(update));
    modules.set(key, module);
  }
  return module;
}

/** Optimisers have few forms: they are kept. */
const modules = new Map<string, object>();

function kernelBytes({
  vectors,
  scalars,
  steps,
  results,
}: Pick<Update, 'vectors' | 'scalars' | 'steps' | 'results'>): Uint8Array {
  const parameters = [I32, ...vectors.map(() => I32), ...results.map(() => I32), ...scalars.map(() => F32)];
  const source = (i: number) => 1 + i;
  const target = (i: number) => 1 + vectors.length + i;
  const scalar = (i: number) => 1 + vectors.length + results.length + i;
  const position = parameters.length;
  const registers: Record<Operand['kind'], number> = {
    vector: position + 1,
    scalar: position + 1 + vectors.length,
    step: position + 1 + vectors.length + scalars.length,
  };
  const get = ({ kind, index }: Operand) => localGet(registers[kind] + index);
  const address = (parameter: number) => [...localGet(parameter), ...localGet(position), ...I32_ADD];
  const body = [
    ...scalars.flatMap((_, i) => [...localGet(scalar(i)), ...F32X4.splat, ...localSet(registers.scalar + i)]),
    ...LOOP,
    ...vectors.flatMap((_, i) => [...address(source(i)), ...V128_LOAD, ...localSet(registers.vector + i)]),
    ...steps.flatMap(({ op, operands }, i) => [...code(op, operands.map(get)), ...localSet(registers.step + i)]),
    ...results.flatMap(({ operand }, i) => [...address(target(i)), ...get(operand), ...V128_STORE]),
    ...[...localGet(position), ...i32Constant(STEP), ...I32_ADD, ...localTee(position)],
    ...[...localGet(0), ...I32_LESS, ...REPEAT_IF],
    ...END,
  ];
  return moduleOf(parameters, vectors.length + scalars.length + steps.length, body);
}

const binary = {
  Add: F32X4.add,
  Div: F32X4.div,
  Mul: F32X4.mul,
  Sub: F32X4.sub,
} as const;
const unary = { Abs: F32X4.abs, Neg: F32X4.neg, Sqrt: F32X4.sqrt } as const;

function code(op: UpdateOperator, operands: readonly (readonly number[])[]): number[] {
  if (op === 'Sign') return sign(operands[0]!);
  if (op in unary) return [...operands[0]!, ...unary[op as keyof typeof unary]];
  const operator = binary[op as keyof typeof binary];
  return [...operands[0]!, ...operands[1]!, ...operator];
}

/** (x > 0) - (x < 0), and NaN for NaN: comparisons give all bits or none. */
function sign(x: readonly number[]): number[] {
  const one = v128Constant(1);
  const zero = v128Constant(0);
  const above = [...x, ...zero, ...F32X4.greater, ...one, ...V128_AND];
  const below = [...x, ...zero, ...F32X4.less, ...one, ...V128_AND];
  const nan = [...x, ...x, ...F32X4.notEqual];
  return [...above, ...below, ...F32X4.sub, ...nan, ...V128_OR];
}
