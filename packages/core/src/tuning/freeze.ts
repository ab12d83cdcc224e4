import type { Variable } from '@tensorflow/tfjs-core';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import type { NamedVariables } from '../variables.js';

/** What has variables by name: encoders, and every model of the house. */
export interface Tunable {
  namedVariables(): NamedVariables;
}

/** Parts of names, or patterns that names are searched for. */
export type NamePatterns = readonly (string | RegExp)[];

/** True when a name has one of the parts, or fits one of the patterns. */
function fits(name: string, patterns: NamePatterns): boolean {
  // `search`, as `test` goes on from where a pattern with the flag g matched before.
  return patterns.some((pattern) => (typeof pattern === 'string' ? name.includes(pattern) : name.search(pattern) >= 0));
}

const setTrainable = (variable: Variable, trainable: boolean) => {
  (variable as { trainable: boolean }).trainable = trainable;
};

/**
 * Takes variables out of training, all but those of some names; what they were is remembered in what is returned.
 *
 * @param model an encoder, or any model with `namedVariables`
 * @param options.except parts of names, or patterns: their variables stay as they are
 * @returns a function that undoes it
 * @throws CrossmodalError when a pattern fits no variable
 * @see Zhai et al. (2022), "LiT: zero-shot transfer with locked-image text tuning"
 * @example
 * freeze(encoder, { except: ['encoder.layer.11', 'pooler'] });
 */
export function freeze(
  model: Tunable,
  {
    except = [],
    ...others
  }: {
    /** @default [] */
    except?: NamePatterns;
  } = {},
): () => void {
  assertKnownOptions('freeze', others, ['except']);
  const entries = Object.entries(model.namedVariables());
  const idle = except.find((pattern) => !entries.some(([name]) => fits(name, [pattern])));
  if (idle !== undefined) {
    throw new CrossmodalError(`freeze: except has ${String(idle)}, which fits no variable`, {
      remedy: `the names are such as ${entries
        .slice(0, 3)
        .map(([name]) => name)
        .join(', ')}`,
    });
  }
  const frozen = entries.filter(([name, variable]) => variable.trainable && !fits(name, except));
  for (const [, variable] of frozen) setTrainable(variable, false);
  return () => {
    for (const [, variable] of frozen) setTrainable(variable, true);
  };
}
