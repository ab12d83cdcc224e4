export { activationOf } from './activation.js';
export type { Architecture } from './architecture.js';
export { Config } from './config.js';
export {
  averagePool,
  batchNormalization,
  batchNormSpecs,
  type ConvolutionOptions,
  convolution,
  convolutionSpecs,
  depthwiseConvolution,
  depthwiseSpecs,
  type Padding,
  patches,
  places,
} from './convolution.js';
export { gpt2Layer, whisperLayer } from './layer-families.js';
export {
  embedding,
  type LinearLayout,
  type LinearOptions,
  layerNormalization,
  linear,
  linearSpecs,
  normSpecs,
  repeated,
  under,
} from './linear.js';
export { savedOptionsFile, withSavedOptions } from './loader-options.js';
export { type Adapter, Parameters, type Run } from './parameters.js';
export { cubicMatrix, firstHit, placeOf, rotary, selected } from './positions.js';
export {
  type PretrainedEncoder,
  type PretrainedOptions,
  pretrainedEncoder,
  type WeightPart,
} from './pretrained-encoder.js';
export {
  type LayerInputs,
  type LayerNames,
  type TransformerLayer,
  transformerLayer,
  transformerLayerSpecs,
} from './transformer-layer.js';
