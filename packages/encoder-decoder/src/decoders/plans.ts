import { CrossmodalError } from '@crossmodal/core';
import type { DecoderPlan } from './decoder.js';
import { recurrentDecoder } from './recurrent-decoder.js';
import { transformerDecoder } from './transformer-decoder.js';

const constructors: Readonly<Record<string, (options: object) => DecoderPlan>> = {
  transformer: transformerDecoder,
  recurrent: recurrentDecoder,
};

/** The decoder that was saved. @throws CrossmodalError when there is none of that type */
export function decoderPlan({ type, options }: DecoderPlan['saved']): DecoderPlan {
  if (!Object.hasOwn(constructors, type)) {
    throw new CrossmodalError(
      `loadEncoderDecoder: the decoder must be one of ${Object.keys(constructors).join(', ')}, got '${type}'`,
    );
  }
  return constructors[type]!(options);
}
