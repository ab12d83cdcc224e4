import type { Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { CrossmodalError } from '../errors.js';
import type { NamedVariables } from '../variables.js';

/** Which data each variable of the process holds now. */
export function variableData(): Map<Variable, object> {
  return new Map(Object.values(tf.engine().registeredVariables).map((variable) => [variable, variable.dataId]));
}

/**
 * Refuses to checkpoint a step that changes variables which it does not save: after a resume they would start anew, and
 * the run would not be the same.
 */
export function checkAllSaved(before: ReadonlyMap<Variable, object>, saved: NamedVariables): void {
  const known = new Set(Object.values(saved));
  const lost = [...before]
    .filter(([variable, data]) => !variable.isDisposed && variable.dataId !== data && !known.has(variable))
    .map(([{ name }]) => name);
  if (lost.length === 0) return;
  const names = lost.slice(0, 5).join(', ') + (lost.length > 5 ? ', ...' : '');
  throw new CrossmodalError(`fit: the step changes variables that its checkpoints would not hold: ${names}`, {
    remedy: 'pass them to trainStep, as { state: () => namedVariables(model) }',
  });
}
