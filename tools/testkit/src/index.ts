export { allclose, type ClosenessOptions } from './allclose.js';
export { golden, goldenIndex } from './golden.js';
export { gradientCheck } from './gradient-check.js';
export { type HuggingFaceCase, huggingFaceCase } from './hugging-face-case.js';
export { expectNoLeak, expectNoLeakWhenThrowing } from './leak-check.js';
export { moveVariables } from './move-variables.js';
export { type RawTensor, readSafetensors } from './safetensors.js';
export { skipWhatTheDeviceLacks } from './skip-what-is-missing.js';
