import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import type { ParameterGroup } from '../optimisers/parameter-groups.js';
import type { Tunable } from './freeze.js';

/** What families call the layers that stand one above the other; the number is the first of a name. */
const layerPattern = /(?:^|[./])(?:layers?|h|_?blocks|stages|features|conv_layers)\.(\d+)\.|(?:^|[./])layer(\d+)\./;

/** What lies below the first layer. */
const bottomPattern =
  /embed|(?:^|[./])(?:wte|wpe|_?conv_stem|conv1|bn1|_bn0|conv2|pre_layrnorm|batch_norm|feature_\w+|patch_embed)\b/;

/**
 * Groups for an optimiser's `groups`, so that layers nearer to the input learn more slowly: the factor of layer l of L is
 * decay^(L - 1 - l), of the embeddings below them decay^L; poolers, projections and heads above learn at the full rate.
 *
 * @param model an encoder, or a model with one inside
 * @param options.decay per layer @default 0.9
 * @throws CrossmodalError when decay is not in (0, 1], or no name has the number of a layer
 * @see Howard and Ruder (2018), ULMFiT, section 3.2; Clark et al. (2020), ELECTRA, appendix B, whose 0.8 to 0.9 are usual
 * @example
 * const optimizer = adamW({ learningRate: 5e-5, groups: layerwiseRates(encoder, { decay: 0.8 }) });
 */
export function layerwiseRates(
  model: Tunable,
  {
    decay = 0.9, // ELECTRA large
    ...others
  }: {
    /** @default 0.9 */
    decay?: number;
  } = {},
): ParameterGroup[] {
  assertKnownOptions('layerwiseRates', others, ['decay']);
  if (!(decay > 0 && decay <= 1)) throw new CrossmodalError(`layerwiseRates: decay must be in (0, 1], got ${decay}`);
  const depths = new Map<string, number | undefined>();
  for (const name of Object.keys(model.namedVariables())) {
    const found = layerPattern.exec(name);
    depths.set(name, found ? Number(found[1] ?? found[2]) : bottomPattern.test(name) ? -1 : undefined);
  }
  const numbers = [...new Set([...depths.values()].filter((depth) => depth !== undefined && depth >= 0))] as number[];
  if (numbers.length === 0) {
    throw new CrossmodalError('layerwiseRates: no variable has the number of a layer in its name', {
      remedy: `the names are such as ${[...depths.keys()].slice(0, 3).join(', ')}: write the groups by hand`,
    });
  }
  const [first, last] = [Math.min(...numbers), Math.max(...numbers)];
  const byDepth = new Map<number, string[]>();
  for (const [name, depth] of depths) {
    if (depth !== undefined) byDepth.set(depth, [...(byDepth.get(depth) ?? []), name]);
  }
  return [...byDepth].map(([depth, names]) => ({
    // Ends of names, so that a model may put its own before them.
    match: new RegExp(`(^|[./])(${names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')})$`),
    learningRateFactor: decay ** (depth < 0 ? last - first + 1 : last - depth),
  }));
}
