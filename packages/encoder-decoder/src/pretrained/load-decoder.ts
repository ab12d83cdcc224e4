import { loadWeights, type StoredWeights, type WeightSpecs } from '@crossmodal/core';
import { Parameters, under } from '@crossmodal/core/blocks';
import type { Variable } from '@tensorflow/tfjs-core';
import type { Decoder } from '../decoders/decoder.js';
import { dropoutRuns } from '../decoders/dropout-run.js';
import { tokenDecoder, tokenDecoderSpecs } from '../decoders/token-decoder.js';
import type { DecoderFamily } from './decoder-families.js';

/** A decoder that was loaded: with its variables by their names in the file, which is what it is saved by. */
export interface LoadedDecoder {
  decoder: Decoder;
  /** For low-rank adaptation: the weights by place. */
  parameters: Parameters;
  variables: ReadonlyMap<string, Variable>;
  specs: WeightSpecs;
}

/**
 * The weights of a family's decoder.
 *
 * @param options.more weights outside of the decoder's prefix
 * @throws CrossmodalError when weights are missing, extra or of another shape
 */
export async function loadDecoder(
  weights: StoredWeights,
  { stack, tokens, prefixes }: DecoderFamily,
  {
    where,
    ignored,
    seed,
    allowExtra,
    more = {},
  }: { where: string; ignored: readonly RegExp[]; seed: number; allowExtra: boolean; more?: WeightSpecs },
): Promise<LoadedDecoder> {
  const table = `${tokens.names.tokens}.weight`;
  const prefix = prefixes.find((candidate) => weights.entries.has(candidate + table)) ?? prefixes[0]!;
  const specs = { ...under(prefix, tokenDecoderSpecs(stack, tokens)), ...more };
  const { variables } = await loadWeights(weights, specs, { where, ignored, allowExtra });
  const parameters = new Parameters(variables);
  const decoder = tokenDecoder(parameters.at(prefix.replace(/\.$/, '')), stack, tokens, dropoutRuns(seed));
  return { decoder, parameters, variables, specs };
}
