import type { EntryOutcome } from '../entries/entry.js';
import type { Result } from '../result.js';
import type { ResultsFile } from '../results.js';
import { standing } from './charts/standing.js';
import { renderFigure } from './figures.js';
import { formatNumber, formatSeconds } from './format.js';
import { html, type Markup, raw } from './html.js';
import { style } from './style.js';

/** An entry and what it brought back. */
export interface ReportSection {
  id: string;
  title: string;
  paradigm: string;
  seconds: number;
  outcome: EntryOutcome;
}

/**
 * The report as one HTML page that needs no other file and no network.
 *
 * @param file what `results.json` holds.
 * @param sections the entries that succeeded, in order.
 */
export function renderReport(file: ResultsFile, sections: readonly ReportSection[]): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Crossmodal: ${file.preset} suite</title>
<style>${raw(style)}</style>
</head>
<body><main>
  <header>
    <div class="eyebrow">Crossmodal benchmark suite · ${file.preset}</div>
    <h1>Text, pictures and speech in one space</h1>
    <p class="lede">Small models of each paradigm, trained in ${formatSeconds(file.seconds)} on this computer. What is tested was never trained
      on; of a drawing of OpenMoji, no variant in skin tone, gender or hair is among the training pictures either.</p>
    ${file.shuffled && html`<p class="note"><b>Control run.</b> The pairs and labels of the training data were shuffled. Every value should lie near chance.</p>`}
    ${file.preset === 'smoke' && html`<p class="note"><b>Smoke run.</b> A few steps only, to see that everything works. The numbers mean nothing.</p>`}
    ${file.failures.map(({ id, error }) => html`<p class="note"><b>${id} failed.</b> ${error}</p>`)}
    ${facts({
      Device: `${file.device.name} (${file.device.description})`,
      Processor: `${file.machine.processor}, ${file.machine.cores} cores, ${file.machine.memoryGiB} GiB`,
      System: file.machine.platform,
      Seed: file.seed,
      Started: `${file.startedAt.slice(0, 16).replace('T', ' ')} UTC`,
    })}
    ${summaryTable(file.results)}
  </header>
  ${sections.map((section) => renderSection(section, file.results))}
  <footer>
    ${facts(file.versions)}
    <p>Chance: what guessing reaches. Untrained: the same model with its first random weights. Published: what the literature reports for
      exactly this task, shown where there is such a number; nobody has published any for OpenMoji. The same numbers are in <a href="results.json">results.json</a>.</p>
    <p>Drawings: <a href="https://openmoji.org">OpenMoji</a>, the open-source emoji and icon project, licence CC BY-SA 4.0. Voices: eSpeak NG.</p>
  </footer>
</main></body>
</html>
`.text;
}

function facts(entries: Record<string, string | number>): Markup {
  return html`<dl class="facts">${Object.entries(entries).map(
    ([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`,
  )}</dl>`;
}

function summaryTable(results: readonly Result[]): Markup | null {
  if (results.length === 0) return null;
  const anyPublished = results.some(({ published }) => published !== null);
  const ids = [...new Set(results.map(({ id }) => id))];
  return html`<div class="scroll"><table class="summary">
    <thead><tr><th>Measured</th><th class="n">Chance</th><th class="n">Untrained</th><th class="n">Trained</th>${anyPublished && html`<th class="n">Published</th>`}<th class="where"></th></tr></thead>
    ${ids.map((id) => {
      const own = results.filter((result) => result.id === id);
      return html`<tbody>
        <tr class="entry"><th colspan="${anyPublished ? 6 : 5}" scope="rowgroup"><a href="#${id}">${id}</a> <span>${formatSeconds(own[0]!.seconds)}</span></th></tr>
        ${own.map(
          (result) => html`<tr>
        <td>${result.metric}${result.better === 'lower' && html` <span title="lower is better">↓</span>`}</td>
        <td class="n">${formatNumber(result.chance)}</td>
        <td class="n">${formatNumber(result.untrained)}</td>
        <td class="n value">${formatNumber(result.value)}</td>
        ${anyPublished && html`<td class="n">${formatNumber(result.published)}</td>`}
        <td class="where">${standing(result)}</td>
      </tr>`,
        )}</tbody>`;
    })}
  </table></div>
  <div class="key">
    <span class="where"><svg class="standing" style="display:inline;width:12px;height:12px" viewBox="0 0 12 12"><circle class="value" cx="6" cy="6" r="4.2"/></svg>trained</span>
    <span class="where"><svg class="standing" style="display:inline;width:12px;height:12px" viewBox="0 0 12 12"><line class="chance" x1="6" x2="6" y1="0" y2="12"/></svg>chance</span>
    <span class="where"><svg class="standing" style="display:inline;width:12px;height:12px" viewBox="0 0 12 12"><circle class="untrained" cx="6" cy="6" r="3"/></svg>untrained</span>
    <span>↓ lower is better</span>
  </div>`;
}

function renderSection({ id, title, paradigm, seconds, outcome }: ReportSection, results: readonly Result[]): Markup {
  const { headline } = outcome;
  const own = results.filter((result) => result.id === id);
  const rows = (headline ? own.filter(({ metric }) => headline.includes(metric)) : own).slice(0, 4);
  return html`<section id="${id}">
    <div class="eyebrow">${paradigm}</div>
    <h2>${title}</h2>
    <p>${outcome.summary}</p>
    <div class="headline">${rows.map(
      ({ metric, value, chance, untrained }) => html`<div>
        <span class="big">${formatNumber(value)}</span>
        <span class="what">${metric}</span>
        <span class="beside">${[
          chance !== null && `chance ${formatNumber(chance)}`,
          untrained !== null && `untrained ${formatNumber(untrained)}`,
        ]
          .filter(Boolean)
          .join(' · ')}</span>
      </div>`,
    )}</div>
    ${facts({ ...outcome.facts, Time: formatSeconds(seconds) })}
    <div class="figures">${outcome.figures.map(renderFigure)}</div>
  </section>`;
}
