export { colourJitter, randomCrop, randomErasing, randomFlip, randomResizedCrop } from './augment/augment.js';
export { type ConvolutionalEncoderOptions, convolutionalEncoder } from './encoders/convolutional.js';
export type { ImageEncoderOptions } from './encoders/image-options.js';
export { linearEncoder } from './encoders/linear.js';
export { type ResidualEncoderOptions, residualEncoder } from './encoders/residual.js';
export { loadTorchvisionWeights } from './encoders/torchvision-weights.js';
export { type VisionTransformerEncoderOptions, visionTransformerEncoder } from './encoders/vision-transformer.js';
export { type BytePixels, type Image, type ImageItem, toImage } from './image.js';
export { type DecodeImageOptions, decodeImage } from './load/decode-image.js';
export { imageDecoder } from './load/image-decoder.js';
export { type LoadImageOptions, loadImages } from './load/load-images.js';
export {
  type LoadImageEncoderOptions,
  loadImageEncoder,
} from './pretrained/load-image-encoder.js';
export type { PretrainedImageEncoder } from './pretrained/pretrained-image-encoder.js';
export { encodePng, encodePngGrid } from './save/encode-png.js';
export { adjustBrightness, adjustContrast, adjustHue, adjustSaturation, grayscale } from './transform/colour.js';
export { type Box, centerCrop, crop, flipHorizontally } from './transform/crop.js';
export { type Fit, fitInto } from './transform/fit.js';
export { gaussianBlur } from './transform/gaussian-blur.js';
export { type NormalizeOptions, normalizations, normalize } from './transform/normalize.js';
export { type ResizeOptions, resize, shortestEdgeSize } from './transform/resize.js';
export type { ResizeKernel } from './transform/taps.js';
export { loadFrames } from './video/load-frames.js';
export {
  meanOverTime,
  type TemporalNetwork,
  type TemporalPooling,
  type TransformerOverTimeOptions,
  transformerOverTime,
} from './video/temporal-pooling.js';
export { type VideoEncoderOptions, videoEncoder } from './video/video-encoder.js';
export type { VideoItem } from './video/video-item.js';
