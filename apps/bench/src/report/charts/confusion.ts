import type { ConfusionFigure } from '../figure.js';
import { html, type Markup } from '../html.js';

/** A matrix of shares: rows are what it is, columns what it was taken for. */
export function confusion({ title, caption, classes, counts }: ConfusionFigure): Markup {
  return html`<figure>
    <figcaption><b>${title}</b> ${caption}</figcaption>
    <div class="scroll"><table class="confusion">
      <thead><tr><th></th>${classes.map((name) => html`<th><span>${name}</span></th>`)}</tr></thead>
      <tbody>${classes.map((name, actual) => {
        const row = counts[actual] ?? [];
        const total = row.reduce((sum, count) => sum + count, 0);
        return html`<tr><th>${name}</th>${classes.map((_, predicted) => {
          const share = total > 0 ? (row[predicted] ?? 0) / total : 0;
          const percent = Math.round(100 * share);
          return html`<td class="${actual === predicted && 'right'}" style="--share:${share.toFixed(3)}" title="${row[predicted] ?? 0} of ${total}">${
            percent > 0 && percent
          }</td>`;
        })}</tr>`;
      })}</tbody>
    </table></div>
  </figure>`;
}
