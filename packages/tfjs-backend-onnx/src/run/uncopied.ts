import { emit } from '../emit/emit.js';
import { type Graph, inputValue, sizeOf } from '../ir/graph.js';
import { apply } from '../ir/ops.js';
import { MANY_NUMBERS, MANY_RESULTS } from '../machine-thresholds.js';
import { loadOrt } from './binding.js';

/**
 * Results without a copy. The addon of onnxruntime-node copies every result of a run into an array of its own, also where
 * memory was given for it and ONNX Runtime has written there: half a millisecond per megabyte, a tenth of a training step
 * of a small network with many weights, and garbage of the size of the weights after each.
 *
 * It copies in the order of the model's outputs, and throws at the first whose type JavaScript does not have. A model
 * with such an output in front of the others ends there: all is computed, in the memory that was given, and nothing is
 * copied.
 */
const REFUSED = /^Tensor type \(\d+\) is not supported/;

/** Whether an error of a run is the end of a run without copies. */
export function endsUncopied(error: unknown): boolean {
  return error instanceof Error && REFUSED.test(error.message);
}

/** Whether runs of the graph should end that way. */
export function worthStopping({ outputs }: Graph): boolean {
  const numbers = outputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  return (outputs.length >= MANY_RESULTS || numbers >= MANY_NUMBERS) && canStop();
}

let tried: boolean | undefined;

/** Whether this version of the addon does as described, tried on two numbers. */
function canStop(): boolean {
  tried ??= tryToStop();
  return tried;
}

function tryToStop(): boolean {
  const { createSession, Tensor } = loadOrt();
  if (createSession === undefined) return false;
  const x = inputValue({ kind: 'input' }, [2], 'float32');
  const { bytes, inputs, outputs, stop } = emit({ outputs: [apply('Neg', [x], [2], 'float32')] }, { stop: true });
  const tensor = (...numbers: number[]) => new Tensor('float32', Float32Array.from(numbers), [2]);
  const result = tensor(0, 0);
  const session = createSession();
  try {
    session.loadModel(bytes.buffer, bytes.byteOffset, bytes.byteLength, { intraOpNumThreads: 1, logSeverityLevel: 4 });
    session.run({ [inputs[0]!.name]: tensor(1, 2) }, { [stop!]: null, [outputs[0]!]: result }, { logSeverityLevel: 4 });
    return false;
  } catch (error) {
    return endsUncopied(error) && (result.data as Float32Array).join() === '-1,-2';
  } finally {
    session.dispose();
  }
}
