import { assertKnownOptions, CrossmodalError, type NamedVariables } from '@crossmodal/core';

/** A part of a name, or a pattern for it: `'features'`, `/conv2d/`. */
export type NamePattern = string | RegExp;

/**
 * Plain transfer: the variables that stay trainable when some layers are frozen. Pre-train on the source, then fine-tune what is
 * left on a few labels of the target.
 *
 * @param variables by name, as `namedVariables()` gives them
 * @param options.frozen a variable is frozen if its name starts with one of the strings or matches one of the patterns
 * @throws CrossmodalError when a pattern matches nothing, or nothing is left
 * @see Yosinski et al. (2014), How transferable are features in deep neural networks?
 *
 * @example
 * const variables = unfrozen(model.namedVariables(), { frozen: ['features'] });
 * const step = trainStep({ loss: (batch: DomainBatch) => model.loss(batch, { training: true }), variables }, { optimizer });
 */
export function unfrozen(
  variables: NamedVariables,
  { frozen, ...others }: { frozen: readonly NamePattern[] },
): NamedVariables {
  assertKnownOptions('unfrozen', others, ['frozen']);
  const names = Object.keys(variables);
  const matches = (pattern: NamePattern, name: string) =>
    typeof pattern === 'string' ? name.startsWith(pattern) : name.search(pattern) >= 0; // unlike `test`, of any flags
  for (const pattern of frozen) {
    if (!names.some((name) => matches(pattern, name))) {
      throw new CrossmodalError(
        `unfrozen: each pattern must match a variable, '${pattern}' matches none of ${names.join(', ')}`,
      );
    }
  }
  const left = Object.entries(variables).filter(
    ([name, { trainable }]) => trainable && !frozen.some((pattern) => matches(pattern, name)),
  );
  if (left.length === 0)
    throw new CrossmodalError(`unfrozen: at least one trainable variable must be left of ${names.length}, none is`);
  return Object.fromEntries(left);
}
