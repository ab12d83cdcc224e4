import { parseNpy } from '@crossmodal/core/data';

/** A worker in TypeScript that imports another package of the house, as the decoders do before they are built. */
export function shapeOf(bytes: Uint8Array): readonly number[] {
  return parseNpy(bytes).shape;
}
