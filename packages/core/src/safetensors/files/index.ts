export { notWritten, temporaryPrefix, writeAtomically } from '../../checkpoint/atomic-write.js';
export { type OpenSafetensors, openSafetensors, readSafetensors } from './read-safetensors.js';
export { writeSafetensors } from './write-safetensors.js';
