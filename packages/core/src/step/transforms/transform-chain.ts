import { CrossmodalError } from '../../errors.js';
import { type NamedVariables, prefixed } from '../../variables.js';
import type { Metrics } from '../step.js';
import type { GradientTransform, NamedGradients, TransformState } from './transform.js';

interface Link {
  /** The transform's name, numbered where another of that name stands before it. */
  name: string;
  state: TransformState;
}

/** Transforms one after the other, at work in one step. */
export class TransformChain {
  readonly #links: Link[];

  constructor(transforms: readonly GradientTransform[], weights: NamedVariables) {
    const names = new Set<string>();
    this.#links = transforms.map(({ name, init }, i) => {
      let unique = name;
      for (let k = 1; names.has(unique); k++) unique = `${name}_${k}`;
      names.add(unique);
      return { name: unique, state: init.call(transforms[i], weights) };
    });
  }

  /** @throws CrossmodalError for what is no list of transforms */
  static check(caller: string, transforms: unknown): void {
    const wrong = Array.isArray(transforms)
      ? transforms.find((item) => typeof item?.init !== 'function' || typeof item?.name !== 'string')
      : transforms;
    if (Array.isArray(transforms) && wrong === undefined) return;
    throw new CrossmodalError(
      `${caller}: transforms must be a list of gradient transforms, got ${JSON.stringify(wrong) ?? typeof wrong}`,
      { remedy: 'write { transforms: [clipByNorm(1), average({ decay: 0.999 })] }' },
    );
  }

  /** More than 1 when some steps only collect. */
  get stepsPerUpdate(): number {
    return this.#links.reduce((steps, { state }) => steps * (state.every ?? 1), 1);
  }

  /**
   * How far the gradients of step number `runs` (from 0) get: the place of the transform that keeps them back, or the number
   * of transforms when they reach the optimiser.
   */
  reach(runs: number): number {
    let call = runs + 1;
    for (const [i, { state }] of this.#links.entries()) {
      const { every = 1 } = state;
      if (call % every !== 0) return i;
      call /= every;
    }
    return this.#links.length;
  }

  /** What reaches the optimiser, or undefined when a transform keeps it back; inside a tidy. */
  update(gradients: NamedGradients, reach: number): { gradients: NamedGradients | undefined; metrics: Metrics } {
    const metrics: Metrics = {};
    let current = gradients;
    for (const [i, { state }] of this.#links.entries()) {
      const last = reach > i;
      const result = state.update?.(current, { last });
      for (const [name, value] of Object.entries(result?.metrics ?? {})) metrics[uniqueIn(metrics, name)] = value;
      if (!last) return { gradients: undefined, metrics };
      if (result) current = result.gradients;
    }
    return { gradients: current, metrics };
  }

  afterUpdate(): void {
    for (const { state } of this.#links) state.afterUpdate?.();
  }

  setUpdates(count: number): void {
    for (const { state } of this.#links) state.setUpdates?.(count);
  }

  /** The averaged weights of the last transform that keeps some. */
  get averages(): NamedVariables {
    return this.#links.findLast(({ state }) => state.averages)?.state.averages ?? {};
  }

  namedState(): NamedVariables {
    return Object.assign({}, ...this.#links.map(({ name, state }) => prefixed(name, state.variables ?? {})));
  }

  dispose(): void {
    for (const { state } of this.#links) state.dispose?.();
  }
}

function uniqueIn(taken: object, name: string): string {
  let unique = name;
  for (let i = 1; Object.hasOwn(taken, unique); i++) unique = `${name}_${i}`;
  return unique;
}
