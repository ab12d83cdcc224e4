import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Terminal } from '../src/cli/terminal.js';
import { locateOpenMoji } from '../src/data/openmoji.js';

/** An empty folder that goes away with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A copy of a few emojis of the collection, to be damaged at will. */
export function smallOpenMoji(hexcodes: readonly string[]): string {
  const source = locateOpenMoji();
  const folder = temporaryFolder();
  const all = JSON.parse(readFileSync(join(source, 'data', 'openmoji.json'), 'utf8')) as { hexcode: string }[];
  mkdirSync(join(folder, 'data'));
  writeFileSync(
    join(folder, 'data', 'openmoji.json'),
    JSON.stringify(all.filter(({ hexcode }) => hexcodes.includes(hexcode))),
  );
  for (const style of ['color', 'black']) {
    for (const hexcode of hexcodes) {
      cpSync(join(source, style, 'svg', `${hexcode}.svg`), join(folder, style, 'svg', `${hexcode}.svg`));
    }
  }
  return folder;
}

/** A folder as the sets of Iconify are. */
export function iconFolder(icons: unknown, { chars }: { chars?: unknown } = {}): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'icons.json'), typeof icons === 'string' ? icons : JSON.stringify(icons));
  if (chars) writeFileSync(join(folder, 'chars.json'), JSON.stringify(chars));
  return folder;
}

/** A terminal that remembers. */
export function recordingTerminal(): Terminal & { lines: string[]; notes: string[]; progressed: string[] } {
  const lines: string[] = [];
  const notes: string[] = [];
  const progressed: string[] = [];
  return {
    lines,
    notes,
    progressed,
    interactive: false,
    out: (line) => lines.push(line),
    note: (line) => notes.push(line),
    status: () => {},
    progress: (line) => progressed.push(line),
  };
}
