import { scaleLog } from 'd3-scale';
import { line } from 'd3-shape';
import { html, type Markup, raw } from '../html.js';
import { type Frame, legend, seriesClass } from './axes.js';

const frame: Frame = { width: 420, height: 250, left: 48, right: 12, top: 22, bottom: 38 };

export interface LogLinesFigure {
  title: string;
  xLabel: string;
  yLabel: string;
  /** A series without points keeps its colour free: others look the same in every figure. */
  series: readonly { name: string; points: readonly (readonly [x: number, y: number])[] }[];
}

/** Lines with a point at each value, both axes logarithmic; what is not above zero is left out. */
export function logLines({ title, xLabel, yLabel, series }: LogLinesFigure): Markup {
  const lines = series.map(({ points }) =>
    points.filter(([x, y]) => x > 0 && y > 0).map(([x, y]) => [x, y] as [number, number]),
  );
  const ends = (axis: 0 | 1): [number, number] => {
    const exponents = lines.flat().map((point) => Math.log10(point[axis]));
    const [low, high] = [Math.floor(Math.min(...exponents)), Math.ceil(Math.max(...exponents))];
    return [10 ** low, 10 ** Math.max(low + 1, high)];
  };
  const floor = frame.height - frame.bottom;
  const x = scaleLog(ends(0), [frame.left, frame.width - frame.right]);
  const y = scaleLog(ends(1), [floor, frame.top]);
  const powers = ([low, high]: number[]) =>
    Array.from({ length: Math.round(Math.log10(high! / low!)) + 1 }, (_, i) => low! * 10 ** i);
  const shown = (value: number) =>
    (value >= 1 ? String(Math.round(value)) : value.toPrecision(1)).replace(/0{6}$/, ' M').replace(/000$/, ' k');
  const path = line()
    .x((point) => x(point[0]))
    .y((point) => y(point[1]));
  return html`<figure>
    <figcaption><b>${title}</b></figcaption>
    <svg viewBox="0 0 ${frame.width} ${frame.height}" role="img" aria-label="${title}">
      ${powers(y.domain()).map(
        (
          tick,
        ) => html`<line class="grid" x1="${frame.left}" x2="${frame.width - frame.right}" y1="${y(tick)}" y2="${y(tick)}"/>
      <text class="tick" x="${frame.left - 6}" y="${y(tick)}" dy="0.32em" text-anchor="end">${shown(tick)}</text>`,
      )}
      ${powers(x.domain()).map(
        (tick) => html`<text class="tick" x="${x(tick)}" y="${floor + 16}" text-anchor="middle">${shown(tick)}</text>`,
      )}
      <line class="axis" x1="${frame.left}" x2="${frame.width - frame.right}" y1="${floor}" y2="${floor}"/>
      <text class="label" x="${frame.width - frame.right}" y="${frame.height - 4}" text-anchor="end">${xLabel}</text>
      <text class="label" x="0" y="11">${yLabel}</text>
      ${lines.map(
        (points, index) =>
          points.length > 0 &&
          html`<path class="line ${seriesClass(index)}" d="${raw(path(points) ?? '')}"/>
      ${points.map((point) => html`<circle class="point ${seriesClass(index)}" cx="${x(point[0])}" cy="${y(point[1])}" r="3"/>`)}`,
      )}
    </svg>
    ${legend(series.map(({ name }, index) => (lines[index]!.length > 0 ? name : undefined)))}
  </figure>`;
}
