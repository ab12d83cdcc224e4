import type { Tensor } from '@tensorflow/tfjs-core';
import { type InputSource, inputValue, type Numbers, type Value } from '../ir/graph.js';
import { HostSource } from '../memory/host-source.js';
import type { BackendValues } from '../memory/numbers.js';
import type { TensorMemory } from '../memory/tensor-memory.js';
import type { Tensors } from '../memory/tensors.js';
import { rewrite } from '../passes/rewrite.js';
import { ArgumentSource, FillSource, StateSource } from './sources.js';
import type { Trace } from './trace.js';

/** The error for a function that keeps tensors from one call to the next, where a replay has none. */
export function stateError(caller: string, escaped: readonly TensorMemory[], cause: unknown): Error {
  const list = escaped.slice(0, 3).map(({ dtype, shape, value }) => {
    const kernel = value?.node.origin ?? '';
    return `${dtype}[${shape.join(',')}]${kernel === '' ? '' : ` of kernel ${kernel}`}`;
  });
  return new Error(
    `${caller}: the function holds tensors from one call to the next (${list.join(', ')}${escaped.length > 3 ? ' ...' : ''}), and uses them in the next call: they belong to the inside of a compiled function. Recurrent layers with stateful: true do that, and so does tf.keep. A state must be a variable that the function reads and assigns, or an argument and a result; or call the function uncompiled`,
    { cause },
  );
}

/**
 * Computes the tensors of a trace that are still held by somebody after the trace failed, from the arguments of the
 * call: whoever holds them (a stateful layer) goes on as if the call had been an uncompiled one.
 */
export function computeEscaped(
  tensors: Tensors,
  run: (outputs: readonly Value[]) => Numbers[],
  trace: Trace,
  argumentTensors: readonly Tensor[],
): void {
  const numbersOf = (source: InputSource): Numbers | undefined => {
    if (source instanceof ArgumentSource)
      return tensors.numbers(tensors.of(argumentTensors[source.index]!.dataId)) as Numbers;
    if (source instanceof StateSource) return tensors.numbers(tensors.of(source.variable.dataId)) as Numbers;
    if (source instanceof FillSource) {
      source.fill(source.numbers);
      return source.numbers.slice();
    }
    return undefined;
  };
  for (const memory of trace.escaped()) {
    try {
      const sources = new Map<InputSource, HostSource>();
      const { outputs } = rewrite({ outputs: [memory.value!] }, ({ op, source, outputs: [value] }) => {
        if (op !== 'Input') return undefined;
        const input = source as InputSource;
        const numbers = sources.get(input)?.numbers ?? numbersOf(input);
        if (numbers === undefined) return undefined;
        const host = sources.get(input) ?? new HostSource(numbers);
        sources.set(input, host);
        return [inputValue(host, value!.shape, value!.type)];
      });
      memory.compute(run(outputs)[0] as BackendValues);
    } catch (error) {
      memory.fail(error);
    }
  }
}
