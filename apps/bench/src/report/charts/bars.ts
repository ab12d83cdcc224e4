import type { BarsFigure } from '../figure.js';
import { formatNumber } from '../format.js';
import { html, type Markup } from '../html.js';

/** Horizontal bars with their numbers. */
export function bars({ title, caption, bars: items, maximum }: BarsFigure): Markup {
  const end = maximum ?? Math.max(...items.map(({ value }) => value), 0);
  const share = (value: number) => (end > 0 ? Math.max(0, Math.min(100, (100 * value) / end)) : 0);
  return html`<figure>
    <figcaption><b>${title}</b> ${caption}</figcaption>
    <div class="bars">${items.map(
      ({ name, value, emphasis }) => html`
      <span class="name">${name}</span>
      <span class="track"><i class="${emphasis ? 'strong' : ''}" style="width:${share(value).toFixed(1)}%"></i></span>
      <span class="number">${formatNumber(value)}</span>`,
    )}</div>
  </figure>`;
}
