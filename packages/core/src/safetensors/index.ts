export type { SafetensorsDtype } from './dtypes.js';
export type { TensorEntry } from './header.js';
export { parseSafetensors, type SafetensorsFile } from './read.js';
export { fromTensor, toTensor } from './tensors.js';
export { decodeValues, type StoredTensor, type StoredValues } from './values.js';
export { type StoredTensors, safetensorsPieces } from './write.js';
