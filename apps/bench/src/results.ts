import { createRequire } from 'node:module';
import { arch, cpus, platform, totalmem } from 'node:os';
import type { Device } from '@crossmodal/core/device';
import type { EntryOutcome } from './entries/entry.js';
import type { Result } from './result.js';

/** How an entry came to its numbers. */
export interface EntryRun {
  id: string;
  seconds: number;
  /** Of all threads together. */
  processorSeconds: number;
  facts: Readonly<Record<string, string | number>>;
  /** Curves of its training, each as the means of up to twelve stretches. */
  curves: { name: string; points: [step: number, value: number][] }[];
}

/** The computer that ran the suite. */
export interface Machine {
  platform: string;
  processor: string;
  cores: number;
  memoryGiB: number;
}

/** What `results.json` holds. */
export interface ResultsFile {
  preset: string;
  seed: number;
  /** True for a control run with broken pairs and labels. */
  shuffled: boolean;
  startedAt: string;
  seconds: number;
  device: { name: string; backend: string; description: string; reason: string };
  machine: Machine;
  versions: Record<string, string>;
  results: Result[];
  runs: EntryRun[];
  /** Entries that ended with an error. */
  failures: { id: string; error: string }[];
}

/** What is worth keeping of an entry besides its numbers. */
export function entryRun(
  id: string,
  { seconds, processorSeconds }: { seconds: number; processorSeconds: number },
  { facts, figures }: Pick<EntryOutcome, 'facts' | 'figures'>,
): EntryRun {
  const curves = figures.flatMap((figure) =>
    figure.kind !== 'curves'
      ? []
      : figure.series.map(({ name, points }) => ({ name: `${figure.title}: ${name}`, points: stretches(points, 12) })),
  );
  return { id, seconds, processorSeconds, facts, curves };
}

/** The last step and the mean value of each of so many stretches of a curve, to four digits. */
function stretches(points: readonly [number, number][], count: number): [number, number][] {
  const size = Math.ceil(points.length / count);
  return Array.from({ length: Math.ceil(points.length / Math.max(1, size)) }, (_, i) => {
    const some = points.slice(i * size, (i + 1) * size);
    const mean = some.reduce((sum, [, value]) => sum + value, 0) / some.length;
    return [some.at(-1)![0], Number(mean.toPrecision(4))];
  });
}

/** This computer. */
export function describeMachine(): Machine {
  const processors = cpus();
  return {
    platform: `${platform()} ${arch()}`,
    processor: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
  };
}

/** What a device is, without its internals. */
export function describeDevice({ name, backend, description, reason }: Device): ResultsFile['device'] {
  return { name, backend, description, reason };
}

/** Versions of Node and of the libraries that the numbers depend on. */
export function describeVersions(openmoji: string): Record<string, string> {
  const require = createRequire(import.meta.url);
  const versions: Record<string, string> = { node: process.versions.node, openmoji };
  for (const name of ['@tensorflow/tfjs-core', 'onnxruntime-node', 'sharp', 'wavefile', 'espeak-ng']) {
    try {
      versions[name] = (require(`${name}/package.json`) as { version: string }).version;
    } catch {
      // hidden by the package's exports, or not installed: left out
    }
  }
  return versions;
}

/**
 * Checks what is about to be written: numbers that JSON cannot hold would silently become null.
 *
 * @throws Error naming the row and the field.
 */
export function checkResults(results: readonly Result[]): void {
  for (const [index, result] of results.entries()) {
    const where = `results: row ${index} (${result.id}, ${result.metric})`;
    for (const key of ['id', 'paradigm', 'metric'] as const) {
      if (typeof result[key] !== 'string' || result[key] === '') throw new Error(`${where}: ${key} must be a text`);
    }
    if (result.better !== 'higher' && result.better !== 'lower') {
      throw new Error(`${where}: better must be "higher" or "lower", got ${String(result.better)}`);
    }
    for (const key of ['value', 'seconds'] as const) {
      if (!Number.isFinite(result[key]))
        throw new Error(`${where}: ${key} must be a finite number, got ${result[key]}`);
    }
    for (const key of ['chance', 'untrained', 'published'] as const) {
      const value = result[key];
      if (value !== null && !Number.isFinite(value)) {
        throw new Error(`${where}: ${key} must be a finite number or null, got ${value}`);
      }
    }
  }
}
