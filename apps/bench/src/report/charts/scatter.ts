import { scaleLinear } from 'd3-scale';
import type { ScatterFigure } from '../figure.js';
import { html, type Markup } from '../html.js';
import { extent, legend, seriesClass } from './axes.js';

const size = { width: 420, height: 300, margin: 8 };

/** Points in a plane; the axes mean nothing, so none are drawn. */
export function scatter({ title, caption, series }: ScatterFigure): Markup {
  const all = series.flatMap(({ points }) => points);
  const x = scaleLinear(extent(all.map(([value]) => value)), [size.margin, size.width - size.margin]);
  const y = scaleLinear(extent(all.map(([, value]) => value)), [size.height - size.margin, size.margin]);
  return html`<figure>
    <figcaption><b>${title}</b> ${caption}</figcaption>
    <svg viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${title}">
      ${series.map(
        ({ points }, index) =>
          html`<g class="dots ${seriesClass(index)}">${points.map(
            ([a, b]) => html`<circle cx="${x(a).toFixed(1)}" cy="${y(b).toFixed(1)}" r="2.6"/>`,
          )}</g>`,
      )}
    </svg>
    ${legend(series.map(({ name }) => name))}
  </figure>`;
}
