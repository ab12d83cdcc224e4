import type { ScaleLinear } from 'd3-scale';
import { formatCount } from '../format.js';
import { html, type Markup } from '../html.js';

/** The drawing area of a chart inside its view box. */
export interface Frame {
  width: number;
  height: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Hairlines and labels of both axes; the horizontal one counts, and is labelled with whole numbers only. */
export function axes(
  frame: Frame,
  x: ScaleLinear<number, number>,
  y: ScaleLinear<number, number>,
  { xLabel, yLabel }: { xLabel: string; yLabel: string },
): Markup {
  const floor = frame.height - frame.bottom;
  return html`
    ${y.ticks(4).map(
      (
        tick,
      ) => html`<line class="grid" x1="${frame.left}" x2="${frame.width - frame.right}" y1="${y(tick)}" y2="${y(tick)}"/>
      <text class="tick" x="${frame.left - 6}" y="${y(tick)}" dy="0.32em" text-anchor="end">${y.tickFormat(4)(tick)}</text>`,
    )}
    ${x
      .ticks(5)
      .filter(Number.isInteger)
      .map(
        (tick) =>
          html`<text class="tick" x="${x(tick)}" y="${floor + 16}" text-anchor="middle">${formatCount(tick)}</text>`,
      )}
    <line class="axis" x1="${frame.left}" x2="${frame.width - frame.right}" y1="${floor}" y2="${floor}"/>
    <text class="label" x="${frame.width - frame.right}" y="${frame.height - 4}" text-anchor="end">${xLabel}</text>
    <text class="label" x="0" y="11">${yLabel}</text>`;
}

/** The smallest and largest of the values, widened a little when they are equal. */
export function extent(values: readonly number[]): [number, number] {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return [0, 1];
  const low = Math.min(...finite);
  const high = Math.max(...finite);
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}

/** The class that colours a series; there are six colours. */
export function seriesClass(index: number): string {
  return `s${(index % 6) + 1}`;
}

/** Names of the series beside their colours; those without a name are left out. */
export function legend(names: readonly (string | undefined)[]): Markup {
  return html`<div class="legend">${names.map(
    (name, index) => name !== undefined && html`<span><i class="${seriesClass(index)}"></i>${name}</span>`,
  )}</div>`;
}
