import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { notWritten } from '../checkpoint/atomic-write.js';
import { assertKnownOptions } from '../known-options.js';

/** Writes one JSON object per line; each line reaches the file at once. */
export interface JsonlWriter {
  write(line: Readonly<Record<string, unknown>>): void;
  close(): void;
}

/** JSON has no NaN and no infinities: they become the texts `NaN`, `Infinity`, `-Infinity`. */
function plain(_: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

/**
 * Opens a JSONL file. Without `resumedAt` a former file is replaced; with it, lines of later steps and a last line that was
 * cut off are dropped, and the rest is kept.
 *
 * @throws CrossmodalError when the file cannot be written
 * @example
 * const log = jsonlWriter('runs/by-hand.jsonl');
 * log.write({ step: 1, loss: 0.5 });
 * log.close();
 */
export function jsonlWriter(path: string, { resumedAt, ...others }: { resumedAt?: number } = {}): JsonlWriter {
  assertKnownOptions('jsonlWriter', others, ['resumedAt']);
  let file: number;
  try {
    mkdirSync(dirname(path), { recursive: true });
    const kept = resumedAt !== undefined && existsSync(path) ? keepUntil(readFileSync(path, 'utf8'), resumedAt) : '';
    writeFileSync(`${path}.new`, kept);
    renameSync(`${path}.new`, path);
    file = openSync(path, 'a');
  } catch (error) {
    try {
      rmSync(`${path}.new`, { force: true });
    } catch {} // the first failure is what counts
    throw notWritten(`jsonlWriter: ${path}`, error);
  }
  return {
    write(line) {
      try {
        writeSync(file, `${JSON.stringify(line, plain)}\n`);
      } catch (error) {
        throw notWritten(`jsonlWriter: ${path}`, error);
      }
    },
    close: () => closeSync(file),
  };
}

function keepUntil(text: string, step: number): string {
  const kept = text.split('\n').filter((line) => {
    try {
      return (JSON.parse(line) as { step: number }).step <= step;
    } catch {
      return false;
    }
  });
  return kept.map((line) => `${line}\n`).join('');
}
