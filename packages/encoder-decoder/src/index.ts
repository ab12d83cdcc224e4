export { type Bleu, type BleuOptions, bleu } from './metrics/bleu.js';
export { ciderD } from './metrics/cider-d.js';
export { characterErrorRate, type ErrorRate, wordErrorRate } from './metrics/error-rate.js';
export { meteorExact } from './metrics/meteor.js';
export { type RougeLOptions, rougeL } from './metrics/rouge-l.js';
export { tokenize13a } from './metrics/tokenize-13a.js';
