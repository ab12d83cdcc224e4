export type { AdaptableEncoder, Lora } from './adaptations.js';
export { freeze, type NamePatterns, type Tunable } from './freeze.js';
export { layerwiseRates } from './layerwise-rates.js';
export { type LinearProbe, linearProbe, type ProbeBatch } from './linear-probe.js';
export { loadLora } from './load-lora.js';
export { type LoraOptions, lora } from './lora.js';
