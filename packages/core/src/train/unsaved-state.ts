import type { Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { CrossmodalError } from '../errors.js';
import type { NamedVariables } from '../variables.js';

/**
 * Sees which variables of the process a step changes. It holds a clone of each: without one, a compiled step writes new
 * numbers into a variable without a trace.
 */
export class ChangedVariables {
  readonly #clones: { variable: Variable; clone: tf.Tensor; dataId: object }[];

  constructor() {
    const variables = Object.values(tf.engine().registeredVariables);
    this.#clones = variables.map((variable) => {
      const clone = tf.keep(tf.clone(variable));
      return { variable, clone, dataId: variable.dataId }; // not the clone's: some backends (wasm) copy
    });
  }

  /**
   * Refuses to checkpoint a step that changed variables which it does not save: after a resume they would start anew, and
   * the run would not be the same.
   */
  async checkAllSaved(saved: NamedVariables): Promise<void> {
    const known = new Set(Object.values(saved));
    const suspects = this.#clones.filter(
      ({ variable, dataId }) => !variable.isDisposed && variable.dataId !== dataId && !known.has(variable),
    );
    const lost: string[] = [];
    // A compiling backend may give a variable other memory with the same numbers.
    for (const { variable, clone } of suspects) if (await differ(variable, clone)) lost.push(variable.name);
    if (lost.length === 0) return;
    const names = lost.slice(0, 5).join(', ') + (lost.length > 5 ? ', ...' : '');
    throw new CrossmodalError(`fit: the step changes variables that its checkpoints would not hold: ${names}`, {
      remedy:
        'list them in namedVariables() of the model, or in `variables` of a plain loss: those that are not trained are saved too',
    });
  }

  dispose(): void {
    tf.dispose(this.#clones.map(({ clone }) => clone));
  }
}

async function differ(a: tf.Tensor, b: tf.Tensor): Promise<boolean> {
  const [x, y] = await Promise.all([a.data(), b.data()]);
  return x.length !== y.length || x.some((value, i) => !Object.is(value, y[i]));
}
