import type { Result } from '../../result.js';
import { html, type Markup } from '../html.js';

const width = 132;
const inset = 6;

/**
 * Where a value stands between guessing and the best known, as a small chart: a tick for chance, a ring for the
 * untrained model, a dot for the value, a diamond for the published number.
 */
export function standing({ chance, untrained, value, published, better }: Result): Markup {
  const known = [chance, untrained, value, published].filter((number) => number !== null);
  const share = better === 'higher' && known.every((number) => number >= 0 && number <= 1);
  const low = share ? 0 : Math.min(...known);
  const high = share ? 1 : Math.max(...known);
  const at = (number: number) => inset + ((width - 2 * inset) * (number - low)) / (high - low || 1);
  const start = chance ?? untrained ?? value;
  return html`<svg class="standing" viewBox="0 0 ${width} 18" width="${width}" height="18" aria-hidden="true">
    <line class="rail" x1="${inset}" x2="${width - inset}" y1="9" y2="9"/>
    <line class="gain" x1="${at(start)}" x2="${at(value)}" y1="9" y2="9"/>
    ${chance !== null && html`<line class="chance" x1="${at(chance)}" x2="${at(chance)}" y1="3" y2="15"/>`}
    ${untrained !== null && html`<circle class="untrained" cx="${at(untrained)}" cy="9" r="3"/>`}
    ${
      published !== null &&
      html`<rect class="published" x="${at(published) - 3}" y="6" width="6" height="6" transform="rotate(45 ${at(published)} 9)"/>`
    }
    <circle class="value" cx="${at(value)}" cy="9" r="4.2"/>
  </svg>`;
}
