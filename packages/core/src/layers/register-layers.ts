import { ClassToken } from './class-token.js';
import { Dropout } from './dropout.js';
import { GradientReversal } from './gradient-reversal.js';
import { GroupNormalization } from './group-normalization.js';
import { L2Normalize } from './l2-normalize.js';
import { LogitScale } from './logit-scale.js';
import { MaskedPooling } from './masked-pooling.js';
import { MultiHeadAttention } from './multi-head-attention.js';
import { PatchEmbedding } from './patch-embedding.js';
import { PositionEmbedding } from './position-embedding.js';
import { registerLayer } from './register.js';
import { Reparameterise } from './reparameterise.js';
import { SpectralNormalization } from './spectral-normalization.js';
import { TransformerBlock } from './transformer-block.js';

/**
 * Makes all layers of this package known to TensorFlow.js. Needed before `tf.loadLayersModel` of a saved model that
 * contains them; layers that were made in the same process are known already.
 *
 * @example
 * registerLayers();
 * const model = await tfl.loadLayersModel(handler);
 */
export function registerLayers(): void {
  registerLayer(ClassToken);
  registerLayer(Dropout);
  registerLayer(GradientReversal);
  registerLayer(GroupNormalization);
  registerLayer(L2Normalize);
  registerLayer(LogitScale);
  registerLayer(MaskedPooling);
  registerLayer(MultiHeadAttention);
  registerLayer(PatchEmbedding);
  registerLayer(PositionEmbedding);
  registerLayer(Reparameterise);
  registerLayer(SpectralNormalization);
  registerLayer(TransformerBlock);
}
