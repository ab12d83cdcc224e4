import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCommandLine } from '../src/cli/command-line.js';
import { entries, longEntries } from '../src/entries/index.js';
import { cacheFolder } from '../src/paths.js';
import { formatNumber } from '../src/report/format.js';
import { recordingTerminal, smallOpenMoji, temporaryFolder } from './fixture.js';

async function bench(...args: string[]) {
  const terminal = recordingTerminal();
  const code = await runCommandLine(args, { terminal, environment: {} });
  return { code, lines: terminal.lines, notes: terminal.notes };
}

describe('what is wrong is said in one line, with exit code 1', () => {
  test.each([
    [['--preset', 'huge'], 'bench: unknown preset "huge"; presets are quick, smoke'],
    [['--device', 'gpu'], 'bench: unknown device "gpu"; devices are auto, cuda, webgpu, cpu, tensorflow, wasm, js'],
    [['list', '--preset', 'huge'], 'bench: unknown preset "huge"; presets are quick, smoke'],
    [['run', 'nothing'], /^bench: unknown entry "nothing"; entries are .*alignment/],
    [
      ['frobnicate'],
      'bench: unknown command "frobnicate"; commands are all, list, run, seeds, perf; see "npm run bench -- --help"',
    ],
    [['--frob'], /^bench: unknown option '--frob'; see/],
    [['run'], /^bench: missing required argument 'ids'; see/],
    [['--seed', 'x'], /^bench: --seed must be a whole number, got "x"; see/],
    [['--threads', '0'], /^bench: --threads must be a whole number of at least 1, got "0"; see/],
    [['--data', '/nowhere/at/all'], /^bench: data: the folder \/nowhere\/at\/all does not exist; name an existing one/],
  ])('bench %j', async (args, expected) => {
    const { code, lines, notes } = await bench(...args);
    expect(code).toBe(1);
    expect(lines).toEqual([]);
    expect(notes).toEqual([typeof expected === 'string' ? expected : expect.stringMatching(expected)]);
    expect(notes[0]).not.toContain('\n');
  });

  test('a drawing that does not parse', async () => {
    const folder = smallOpenMoji(['1F34E', '1F415', '1F436', '1F34C', '1F347', '1F98A', '1F697', '1F680']);
    for (const hexcode of ['1F34E', '1F415', '1F436', '1F34C', '1F347', '1F98A', '1F697', '1F680']) {
      writeFileSync(join(folder, 'color', 'svg', `${hexcode}.svg`), '<svg><path');
    }
    const arguments_ = ['--preset', 'smoke', '--device', 'js', '--data', folder, '--cache', temporaryFolder()];
    const plain = await bench('run', 'vae', ...arguments_, '--out', temporaryFolder());
    expect(plain.code).toBe(1);
    expect(plain.notes.at(-1)).toMatch(
      /^bench: openmoji: .*\.svg does not parse as SVG \(.*\); repair the file, or leave out --data/,
    );
    expect(plain.notes.join('\n')).not.toMatch(/^\s+at /m);
    const verbose = await bench('run', 'vae', ...arguments_, '--out', temporaryFolder(), '--verbose');
    expect(verbose.notes.at(-1)).toMatch(/^\s+at /m);
  });

  test.each([['run', 'vae'], ['seeds', 'vae'], ['all']])(
    'a report folder that cannot be written, before anything is trained: %s',
    async (...command) => {
      const file = join(temporaryFolder(), 'file');
      writeFileSync(file, '');
      const { code, lines, notes } = await bench(...command, '--preset', 'smoke', '--device', 'js', '--out', file);
      expect({ code, lines }).toEqual({ code: 1, lines: [] });
      // The device, then the error: no entry was begun.
      expect(notes).toEqual([
        expect.stringMatching(/^device js/),
        expect.stringMatching(
          /^bench: the report folder .*file cannot be written to \(.+\); make it writable, or name another one with --out DIR$/,
        ),
      ]);
      expect(readFileSync(file, 'utf8')).toBe('');
    },
  );

  test('a report folder that is not needed is not touched', async () => {
    const folder = join(temporaryFolder(), 'none');
    const { code, notes } = await bench('list', '--out', folder);
    expect({ code, notes }).toEqual({ code: 0, notes: [] });
    expect(existsSync(folder)).toBe(false);
  });
});

test('a data folder without OpenMoji: the installed one is used, and the line says so', async () => {
  const folder = temporaryFolder();
  const { code, notes } = await bench(
    ...['run', 'vae', '--preset', 'smoke', '--device', 'js', '--data', folder],
    ...['--cache', cacheFolder(undefined, {}), '--out', temporaryFolder()],
  );
  expect(code).toBe(0);
  expect(notes[0]).toMatch(
    /^data: .* holds no OpenMoji \(data\/openmoji\.json, .*\): the installed one, version 17\.0\.0, is used$/,
  );
  expect(notes[0]).toContain(folder);
}, 60_000);

test('list shows every entry', async () => {
  const { code, lines } = await bench('list');
  expect(code).toBe(0);
  for (const { id, question } of [...entries, ...longEntries]) {
    expect(lines.join('\n')).toContain(id);
    expect(lines.join('\n')).toContain(question);
  }
});

test('seeds tabulates every run once, and goes on where it stopped', async () => {
  const [out, cache] = [temporaryFolder(), temporaryFolder()];
  const args = ['--preset', 'smoke', '--device', 'js', '--cache', cache, '--out', out];
  const first = await bench('seeds', 'vae', '--seeds', '4,5', ...args);
  expect(first.code).toBe(0);
  const files = ['vae-seed4.json', 'vae-seed5.json', 'vae-seed4-shuffled.json'];
  expect(readdirSync(out).sort()).toEqual([...files, 'seeds.md'].sort());
  expect(first.lines[0]).toContain('| mean ± deviation | seed 4 | seed 5 | shuffled |');
  expect(first.lines[0]).toBe(readFileSync(join(out, 'seeds.md'), 'utf8').trimEnd());
  const values = files.map(
    (name) => JSON.parse(readFileSync(join(out, name), 'utf8')).results[0] as { value: number; seconds: number },
  );
  const mean = (values[0]!.value + values[1]!.value) / 2;
  expect(first.lines[0]).toContain(`| ${formatNumber(mean)} ± `);

  rmSync(join(out, 'vae-seed5.json'));
  const second = await bench('seeds', 'vae', '--seeds', '4,5', ...args);
  expect(second.notes.filter((line) => line.startsWith('vae, '))).toEqual(['vae, seed5']);
  expect(second.lines[0]).toBe(first.lines[0]);
}, 120_000);

test('help is no failure', async () => {
  const { code, lines } = await bench('--help');
  expect(code).toBe(0);
  expect(lines.join('\n')).toMatch(/--preset <name>/);
  for (const folder of ['reports/<preset>', 'reports/<preset>-<ids>-seed<n>', 'reports/<preset>-seeds']) {
    expect(lines.join(' ').replace(/\s+/g, ' ')).toContain(folder);
  }
});

test('a cache that was cut short is mended, with one line', async () => {
  const cache = temporaryFolder();
  const run = async () => {
    const out = temporaryFolder();
    const result = await bench('run', 'vae', '--preset', 'smoke', '--device', 'js', '--cache', cache, '--out', out);
    expect(result.code).toBe(0);
    expect(existsSync(join(out, 'report.html'))).toBe(true);
    return { ...result, value: JSON.parse(readFileSync(join(out, 'results.json'), 'utf8')).results[0].value as number };
  };
  const first = await run();
  const folder = join(cache, readdirSync(cache)[0]!, 'color');
  const png = readdirSync(folder).find((name) => name.endsWith('.png'))!;
  truncateSync(join(folder, png), 100);
  const second = await run();
  expect(second.notes.filter((line) => line.startsWith('cache:'))).toEqual([
    expect.stringMatching(/^cache: 1 of \d+ files in .* were missing or cut short; made again$/),
  ]);
  expect(second.value).toBe(first.value);
  expect((await run()).notes.filter((line) => line.startsWith('cache:'))).toEqual([]);
}, 120_000);
