export { freeze, type NamePatterns, type Tunable } from './freeze.js';
export { type AdaptableEncoder, type Lora, type LoraOptions, loadLora, lora } from './lora.js';
