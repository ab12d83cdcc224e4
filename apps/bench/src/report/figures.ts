import { bars } from './charts/bars.js';
import { confusion } from './charts/confusion.js';
import { curves } from './charts/curves.js';
import { scatter } from './charts/scatter.js';
import type { Figure, PictureFile, PicturesFigure, RetrievalFigure, SoundsFigure } from './figure.js';
import { html, type Markup } from './html.js';

/** True when a figure has nothing to show, such as examples of success where there was none. */
function isEmpty(figure: Figure): boolean {
  switch (figure.kind) {
    case 'curves':
    case 'scatter':
      return figure.series.every(({ points }) => points.length === 0);
    case 'bars':
      return figure.bars.length === 0;
    case 'confusion':
      return figure.classes.length === 0;
    case 'retrieval':
      return figure.queries.length === 0;
    case 'pictures':
      return figure.rows.every(({ pictures: row }) => row.length === 0);
    case 'sounds':
      return figure.sounds.length === 0;
  }
}

/** A figure as markup that needs no other file; nothing for an empty one. */
export function renderFigure(figure: Figure): Markup | null {
  if (isEmpty(figure)) return null;
  switch (figure.kind) {
    case 'curves':
      return curves(figure);
    case 'bars':
      return bars(figure);
    case 'confusion':
      return confusion(figure);
    case 'scatter':
      return scatter(figure);
    case 'retrieval':
      return retrieval(figure);
    case 'pictures':
      return pictures(figure);
    case 'sounds':
      return sounds(figure);
  }
}

/** A file as an address. A page must hold no NaN, which base64 may: those letters are escaped, as addresses allow. */
const address = (type: string, file: Uint8Array): string =>
  `data:${type};base64,${Buffer.from(file).toString('base64').replaceAll('Na', '%4Ea')}`;

function image(file: PictureFile, label = ''): Markup {
  // A WebP file begins with RIFF, its length, and WEBP.
  const type = Buffer.from(file).toString('latin1', 8, 12) === 'WEBP' ? 'image/webp' : 'image/png';
  return html`<img src="${address(type, file)}" alt="${label}" title="${label}">`;
}

function retrieval({ title, caption, gallery, near, queries }: RetrievalFigure): Markup {
  return html`<figure class="wide">
    <figcaption><b>${title}</b> ${caption}</figcaption>
    <div class="retrieval">${queries.map(
      ({ text, picture, spoken, answer, rank, results }) => html`<div class="query">
        <div class="asked">${picture && html`<span class="tile">${image(picture, text)}</span>`}
          <span class="words">${spoken && html`<i class="heard" title="spoken">♪</i> `}${text}</span>
          ${answer && html`<span class="own"><span class="tile">${image(answer, text)}</span> right answer</span>`}
          <span class="rank ${rank <= near ? 'near' : ''}">${rank === 1 ? 'found first' : `found at place ${rank} of ${gallery}`}</span>
        </div>
        <ol>${results.map(
          ({ label, picture: found, right }) =>
            html`<li class="${right ? 'right' : ''}">${found && html`<span class="tile">${image(found, label)}</span>`}<span class="name">${label}</span></li>`,
        )}</ol>
      </div>`,
    )}</div>
  </figure>`;
}

function pictures({ title, caption, headings, rows }: PicturesFigure): Markup {
  const labelled = rows.some(({ label }) => label !== undefined);
  return html`<figure class="wide">
    <figcaption><b>${title}</b> ${caption}</figcaption>
    <div class="scroll"><table class="pictures">
      ${
        headings &&
        html`<thead><tr>${labelled && html`<th></th>`}${headings.map((heading) => html`<th>${heading}</th>`)}</tr></thead>`
      }
      <tbody>${rows.map(
        ({ label, pictures: row }) =>
          html`<tr>${labelled && html`<th>${label}</th>`}${row.map((png) => html`<td><span class="tile">${image(png, label)}</span></td>`)}</tr>`,
      )}</tbody>
    </table></div>
  </figure>`;
}

function sounds({ title, caption, sounds: list }: SoundsFigure): Markup {
  return html`<figure class="wide">
    <figcaption><b>${title}</b> ${caption}</figcaption>
    <table class="pictures"><tbody>${list.map(
      ({ label, wav }) =>
        html`<tr><th>${label}</th><td><audio controls src="${address('audio/wav', wav)}"></audio></td></tr>`,
    )}</tbody></table>
  </figure>`;
}
