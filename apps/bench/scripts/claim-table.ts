// `node scripts/node.mjs apps/bench/scripts/claim-table.ts FOLDER RESULTS.md`: the trainings of `bench seeds style-retrieval` in FOLDER as a
// table, written between the marks of RESULTS.md. Trainings that are not there leave their cells empty.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { claimTable } from '../src/entries/style-retrieval/claim-table.js';
import { styleMethods } from '../src/entries/style-retrieval/methods.js';
import type { StyleOutcome } from '../src/entries/style-retrieval/train-style.js';
import { partFile } from '../src/parts.js';

const [folder, results] = process.argv.slice(2);
if (folder === undefined || results === undefined)
  throw new Error('claim-table: name the folder of the runs and the file of the table');
const seeds = readdirSync(folder).flatMap((name) => /^style-retrieval-seed(\d+)-trainings$/.exec(name)?.[1] ?? []);
const names = ['plain', ...Object.keys(styleMethods), 'trained on target'];
const claim = new Map(
  names.map((name) => {
    const bySeed = seeds.flatMap((seed) => {
      const file = partFile(join(folder, `style-retrieval-seed${seed}-trainings`), name);
      return existsSync(file) ? [[Number(seed), JSON.parse(readFileSync(file, 'utf8')) as StyleOutcome] as const] : [];
    });
    return [name, new Map(bySeed)] as const;
  }),
);
const marks = ['<!-- claim: made by apps/bench/scripts/claim-table.ts -->', '<!-- end of claim -->'] as const;
const text = readFileSync(results, 'utf8');
const [start, end] = marks.map((mark) => text.indexOf(mark)) as [number, number];
if (start < 0 || end < start)
  throw new Error(`claim-table: ${results} must hold "${marks[0]}" and, behind it, "${marks[1]}"`);
const table = claimTable(claim, 'the same batches, lambda 0');
writeFileSync(results, `${text.slice(0, start + marks[0].length)}\n\n${table}\n\n${text.slice(end)}`);
