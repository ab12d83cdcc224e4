import type { ModelFiles } from './model-files/model-files.js';

/** How raw items become the tensors that an encoder takes, for programs that run its exported file without this package. */
export interface Preprocessing {
  /** As JSON can hold them: sizes, rates, means, order of axes, range of the values. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** Files that the facts speak of, such as a tokenizer.json. */
  files?(): ModelFiles | Promise<ModelFiles>;
}

/** By the inputs that `prepare` gave. */
const origins = new WeakMap<object, Preprocessing>();

/** The same `prepare`, whose results tell how they were made. */
export function traceable<Prepare extends (...parameters: never[]) => Promise<object>>(
  prepare: Prepare,
  preprocessing: Preprocessing | undefined,
): Prepare {
  if (!preprocessing) return prepare;
  const marked = async (...parameters: never[]): Promise<object> => {
    const inputs = await prepare(...parameters);
    origins.set(inputs, preprocessing);
    return inputs;
  };
  return marked as unknown as Prepare;
}

/** How inputs were made that an encoder's `prepare` gave; undefined for others. */
export function preprocessingOf(inputs: object): Preprocessing | undefined {
  return origins.get(inputs);
}
