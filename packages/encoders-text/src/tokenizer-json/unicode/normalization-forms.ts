import { classOfRuns, runsOf } from './code-points.js';
import { inertInNormalization } from './data.js';

const inert = new RegExp(`[${classOfRuns(runsOf(inertInNormalization))}]`, 'u');

/** The Unicode normal form, with the library's older tables: what they do not know stays as it is. */
export function normalForm(text: string, form: 'NFC' | 'NFD' | 'NFKC' | 'NFKD'): string {
  if (!inert.test(text)) return text.normalize(form);
  return text
    .split(new RegExp(`(${inert.source})`, 'u'))
    .map((part) => (inert.test(part) ? part : part.normalize(form)))
    .join('');
}
