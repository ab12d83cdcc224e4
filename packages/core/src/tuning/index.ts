export { freeze, type NamePatterns, type Tunable } from './freeze.js';
export { layerwiseRates } from './layerwise-rates.js';
export { type LinearProbe, linearProbe, type ProbeBatch } from './linear-probe.js';
export { type AdaptableEncoder, type Lora, type LoraOptions, loadLora, lora } from './lora.js';
