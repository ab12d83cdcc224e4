import { describe, expect, test } from 'vitest';
import type { EntryOutcome } from '../src/entries/entry.js';
import { cutOffsFor } from '../src/entries/shared/retrieval.js';
import { formatNumber, formatSeconds } from '../src/report/format.js';
import { html, raw } from '../src/report/html.js';
import { renderReport } from '../src/report/report.js';
import type { Result } from '../src/result.js';
import { checkResults, type ResultsFile } from '../src/results.js';

const result: Result = {
  id: 'alignment',
  paradigm: 'embedding alignment',
  metric: 'recall@10 <text to picture>',
  better: 'higher',
  chance: 0.03,
  untrained: 0.04,
  value: 0.45,
  published: null,
  seconds: 61.2,
};

const file: ResultsFile = {
  preset: 'quick',
  seed: 7,
  shuffled: false,
  startedAt: '2026-01-02T03:04:05.000Z',
  seconds: 300,
  device: { name: 'cpu', backend: 'onnx', description: 'ONNX Runtime', reason: 'best' },
  machine: { platform: 'linux x64', processor: 'A processor', cores: 2, memoryGiB: 8 },
  versions: { node: '20.20.2' },
  results: [
    result,
    { ...result, metric: 'negative ELBO', better: 'lower', chance: null, value: 1234, published: 1500 },
  ],
  runs: [],
  failures: [{ id: 'vae', error: 'out of <memory>' }],
};

const png = Uint8Array.from([137, 80, 78, 71]);

const outcome: EntryOutcome = {
  rows: [],
  summary: 'What was done & how to read it.',
  facts: { Pairs: 100 },
  figures: [
    {
      kind: 'curves',
      title: 'Loss',
      xLabel: 'step',
      yLabel: 'nats',
      series: [
        { name: 'training', points: Array.from({ length: 1000 }, (_, step) => [step, 5 - step / 300]) },
        { name: 'one point', points: [[3, 2]] },
        { name: 'not a number', points: [[4, Number.NaN]] },
      ],
      references: [{ name: 'chance', y: 4.8 }],
    },
    {
      kind: 'retrieval',
      title: 'Found',
      caption: 'Five nearest',
      gallery: 8,
      near: 5,
      queries: [
        { text: 'dog', spoken: true, answer: png, rank: 2, results: [{ label: '"cat"', picture: png, right: true }] },
      ],
    },
    {
      kind: 'pictures',
      title: 'Made',
      caption: '',
      headings: ['real', 'made'],
      rows: [{ label: 'dog', pictures: [png, png] }],
    },
    { kind: 'bars', title: 'Bars', caption: '', bars: [{ name: 'a', value: 0.5, emphasis: true }], maximum: 1 },
    {
      kind: 'confusion',
      title: 'Confusion',
      caption: '',
      classes: ['a', 'b'],
      counts: [
        [3, 1],
        [0, 0],
      ],
    },
    {
      kind: 'scatter',
      title: 'Map',
      caption: '',
      series: [
        { name: 's', points: [[0, 0]] },
        { name: 'none', points: [] },
      ],
    },
  ],
};

describe('renderReport', () => {
  const page = renderReport(file, [
    { id: 'alignment', title: 'Find it', paradigm: 'alignment', seconds: 61.2, outcome },
  ]);

  test('holds every figure and number, escaped', () => {
    for (const text of [
      'Find it',
      'recall@10 &lt;text to picture&gt;',
      '0.450',
      'A processor',
      'What was done &amp; how',
      'out of &lt;memory&gt;',
    ]) {
      expect(page).toContain(text);
    }
    expect(page.match(/<figure/g)).toHaveLength(outcome.figures.length);
    expect(page).toContain(`data:image/png;base64,${Buffer.from(png).toString('base64')}`);
    expect(page).not.toMatch(/NaN|undefined|Infinity|\[object/);
  });

  test('needs no other file: nothing is loaded from anywhere', () => {
    expect(page).not.toMatch(/<script|<link|src="(?!data:)|url\(|@import/);
  });

  test('is well formed: every element that is opened is closed, in order', () => {
    const open: string[] = [];
    const empty = new Set(['meta', 'img', 'br', '!doctype', 'circle', 'line', 'path', 'rect']);
    for (const [, close, name, rest] of page.matchAll(/<(\/?)([a-z0-9!]+)([^>]*)>/gi)) {
      if (empty.has(name!.toLowerCase()) || rest!.endsWith('/')) continue;
      if (close) expect(open.pop()).toBe(name);
      else open.push(name!);
    }
    expect(open).toEqual([]);
  });

  const figure = (one: EntryOutcome['figures'][number]) =>
    renderReport(file, [{ id: 'a', title: 'A', paradigm: 'p', seconds: 1, outcome: { ...outcome, figures: [one] } }]);
  const curve = (points: [number, number][], more = {}) =>
    figure({
      kind: 'curves',
      title: 'C',
      xLabel: 'step',
      yLabel: 'y',
      series: [{ name: 's', points }],
      ...more,
    });
  const ticks = (text: string, anchor: string) =>
    [...text.matchAll(/class="tick"[^>]*text-anchor="(\w+)">([^<]*)</g)]
      .filter(([, where]) => where === anchor)
      .map(([, , label]) => label);

  test('steps are whole numbers, the line is straight between few points, a single point is marked', () => {
    const three = curve([
      [1, 0.2],
      [2, 0.9],
      [3, 0.1],
    ]);
    expect(ticks(three, 'middle')).toEqual(['1', '2', '3']);
    expect(three.match(/class="line s1" d="([^"]*)"/)![1]).toMatch(/^M[\d.,]+L[\d.,]+L[\d.,]+$/);
    const one = curve([[3, 0.5]]);
    expect(ticks(one, 'middle')).toEqual(['3']);
    expect(one.match(/<circle class="point s1"/g)).toHaveLength(1);
    expect(three).not.toContain('class="point');
  });

  test.each([[0], [1], [0.97]])('an axis of shares stays within 0 to 1 around %d', (value) => {
    const labels = ticks(curve([[1, value]], { share: true }), 'end').map(Number);
    expect(labels.length).toBeGreaterThan(1);
    expect(labels.every((label) => label >= 0 && label <= 1)).toBe(true);
  });

  test('green is only what was found within the cut-off; the size of the gallery is told', () => {
    const query = { text: 'dog', results: [{ label: 'cat', right: false }] };
    const found = (rank: number) =>
      figure({
        kind: 'retrieval',
        title: 'R',
        caption: '',
        gallery: 8,
        near: 5,
        queries: [{ ...query, rank }],
      });
    expect(found(8)).toContain('<span class="rank ">found at place 8 of 8</span>');
    expect(found(5)).toContain('<span class="rank near">found at place 5 of 8</span>');
  });

  test('what is empty is hidden', () => {
    const empty = [
      figure({ kind: 'retrieval', title: 'R', caption: '', gallery: 8, near: 5, queries: [] }),
      figure({ kind: 'pictures', title: 'P', caption: '', rows: [{ pictures: [] }] }),
      curve([]),
    ];
    for (const text of empty) expect(text).not.toContain('<figure');
    expect(renderReport({ ...file, results: [] }, [])).not.toContain('<table');
  });

  test('a long curve is thinned, a control run is called one', () => {
    const path = page.match(/class="line s1" d="([^"]*)"/)![1]!;
    expect(path.split('L').length).toBeLessThan(200);
    expect(page).not.toContain('Control run');
    expect(renderReport({ ...file, shuffled: true }, [])).toContain('Control run');
  });
});

test('html escapes text and keeps markup', () => {
  expect(html`<a title="${`"<'&`}">${[html`<b>${1}</b>`, null, false, undefined, 'x']}${raw('<i>')}</a>`.text).toBe(
    '<a title="&quot;&lt;&#39;&amp;"><b>1</b>x<i></a>',
  );
});

test('numbers and times as a reader wants them', () => {
  expect([null, 0, 0.12345, 1.005, 12.34, 432.1, 2129.4, -15000].map(formatNumber)).toEqual([
    '–',
    '0.000',
    '0.123',
    '1.00',
    '12.3',
    '432',
    '2\u202f129',
    '-15\u202f000',
  ]);
  expect([0.42, 9.9, 48.3, 99.4, 200, 3599.6].map(formatSeconds)).toEqual([
    '0.4 s',
    '9.9 s',
    '48 s',
    '99 s',
    '3 min 20 s',
    '60 min 0 s',
  ]);
});

test('cut-offs of recall are smaller than the gallery', () => {
  expect([1, 2, 5, 6, 8, 10, 11, 300].map((gallery) => cutOffsFor(gallery).at(-1))).toEqual([1, 1, 1, 5, 5, 5, 10, 10]);
});

describe('checkResults', () => {
  test('takes what JSON can hold', () => {
    expect(() => checkResults(file.results)).not.toThrow();
    expect(JSON.parse(JSON.stringify(file.results))).toEqual(file.results);
  });

  test.each([
    [{ value: Number.NaN }, 'value must be a finite number, got NaN'],
    [{ chance: Number.POSITIVE_INFINITY }, 'chance must be a finite number or null'],
    [{ better: 'bigger' as 'higher' }, 'better must be "higher" or "lower", got bigger'],
    [{ metric: '' }, 'metric must be a text'],
    [{ untrained: undefined as unknown as null }, 'untrained must be a finite number or null, got undefined'],
  ])('refuses %j', (change, message) => {
    expect(() => checkResults([{ ...result, ...change }])).toThrow(message);
  });
});
