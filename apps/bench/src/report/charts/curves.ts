import { scaleLinear } from 'd3-scale';
import { line } from 'd3-shape';
import type { CurvesFigure } from '../figure.js';
import { html, type Markup, raw } from '../html.js';
import { axes, extent, type Frame, legend, seriesClass } from './axes.js';

const frame: Frame = { width: 420, height: 230, left: 44, right: 12, top: 22, bottom: 38 };

/** More points than this per line say nothing on the screen: neighbours are averaged. */
const maximumPoints = 120;

/** Lines over a common axis, with dashed lines to compare with. */
export function curves({ title, xLabel, yLabel, series, references = [], share = false }: CurvesFigure): Markup {
  const lines = series.map(({ points }) => thin(points));
  const x = scaleLinear(extent(lines.flat().map(([value]) => value)), [frame.left, frame.width - frame.right]);
  const ys = [...lines.flat().map(([, value]) => value), ...references.map((reference) => reference.y)];
  const y = scaleLinear(extent(ys), [frame.height - frame.bottom, frame.top]).nice(4);
  if (share) y.domain(y.domain().map((end) => Math.min(1, Math.max(0, end))));
  const path = line()
    .x(([value]) => x(value))
    .y(([, value]) => y(value)); // straight from point to point: bends in between would be invented
  return html`<figure>
    <figcaption><b>${title}</b></figcaption>
    <svg viewBox="0 0 ${frame.width} ${frame.height}" role="img" aria-label="${title}">
      ${axes(frame, x, y, { xLabel, yLabel })}
      ${references.map(
        (
          reference,
        ) => html`<line class="reference" x1="${frame.left}" x2="${frame.width - frame.right}" y1="${y(reference.y)}" y2="${y(reference.y)}"/>
        <text class="tick" x="${frame.width - frame.right}" y="${y(reference.y) - 4}" text-anchor="end">${reference.name}</text>`,
      )}
      ${lines.map((points, index) =>
        points.length === 1
          ? html`<circle class="point ${seriesClass(index)}" cx="${x(points[0]![0])}" cy="${y(points[0]![1])}" r="3.4"/>`
          : html`<path class="line ${seriesClass(index)}" d="${raw(path(points) ?? '')}"/>`,
      )}
    </svg>
    ${series.length > 1 && legend(series.map(({ name }) => name))}
  </figure>`;
}

function thin(points: [number, number][]): [number, number][] {
  const finite = points.filter(([a, b]) => Number.isFinite(a) && Number.isFinite(b));
  const size = Math.ceil(finite.length / maximumPoints);
  if (size <= 1) return finite;
  return Array.from({ length: Math.ceil(finite.length / size) }, (_, index) => {
    const group = finite.slice(index * size, (index + 1) * size);
    const mean = (pick: 0 | 1) => group.reduce((sum, point) => sum + point[pick], 0) / group.length;
    return [mean(0), mean(1)];
  });
}
