import { join } from 'node:path';
import { CrossmodalError } from '@crossmodal/core';
import { type Device, type DeviceName, deviceNames, useDevice } from '@crossmodal/core/device';
import { writeAtomically } from '@crossmodal/core/safetensors/files';
import type { Callback } from '@crossmodal/core/train';
import { resultsTable } from './cli/table.js';
import { progressLine, type Terminal } from './cli/terminal.js';
import type { CacheWatcher } from './data/cache.js';
import { locateOpenMoji, type OpenMoji, readOpenMoji } from './data/openmoji.js';
import { renderPictures } from './data/pictures.js';
import { speakNames } from './data/speech.js';
import type { ChosenDomains, Entry, EntryContext, Followed } from './entries/entry.js';
import { oneLine } from './errors.js';
import type { PresetName } from './presets.js';
import { prepareReportFolder } from './report/folder.js';
import { formatSeconds } from './report/format.js';
import { type ReportSection, renderReport } from './report/report.js';
import type { Result } from './result.js';
import {
  checkResults,
  describeDevice,
  describeMachine,
  describeVersions,
  entryRun,
  type ResultsFile,
} from './results.js';

export interface SuiteOptions {
  preset: PresetName;
  seed: number;
  shuffle: boolean;
  device: string;
  /** Threads that compute; all cores unless given. */
  threads?: number | undefined;
  dataFolder?: string | undefined;
  models?: string | undefined;
  domains?: ChosenDomains;
  /** Styles of the same concepts; the installed ones unless given. */
  styles?: readonly string[] | undefined;
  cacheFolder: string;
  reportFolder: string;
  verbose: boolean;
  terminal: Terminal;
}

/** Line drawings, and the two sets of icons that are installed. */
export const defaultStyles: readonly string[] = ['openmoji-lines', 'fluent-emoji-flat', 'emojione'];

/**
 * Runs entries one after the other, prints the table and writes `report.html` and `results.json`. An entry that fails
 * is named in both; the others still run.
 *
 * @throws CrossmodalError when the device, the data, the cache or the report folder cannot be used at all.
 */
export async function runSuite(entries: readonly Entry[], options: SuiteOptions): Promise<ResultsFile> {
  const { preset, seed, shuffle, terminal, verbose } = options;
  const started = performance.now();
  const { openmoji, device } = await openSuite(options);
  await prepareReportFolder(options.reportFolder);
  const context = entryContext(options, { openmoji, device });
  const file: ResultsFile = {
    preset,
    seed,
    shuffled: shuffle,
    startedAt: new Date().toISOString(),
    seconds: 0,
    device: describeDevice(device),
    machine: describeMachine(),
    versions: describeVersions(openmoji.version),
    results: [],
    runs: [],
    failures: [],
  };
  const sections: ReportSection[] = [];
  for (const [index, entry] of entries.entries()) {
    terminal.note(`[${index + 1}/${entries.length}] ${entry.id}: ${entry.title}`);
    try {
      const { results, section, processorSeconds } = await runEntry(entry, context, terminal);
      file.results.push(...results);
      sections.push(section);
      file.runs.push(entryRun(entry.id, { seconds: section.seconds, processorSeconds }, section.outcome));
    } catch (error) {
      // What a single entry must not survive, such as a drawing that does not parse, ends the others too.
      if (entries.length === 1 || CrossmodalError.isInstance(error)) throw error;
      file.failures.push({ id: entry.id, error: oneLine(error) });
      terminal.note(`${entry.id} failed: ${oneLine(error)}`);
      if (verbose && error instanceof Error) terminal.note(error.stack ?? '');
    }
  }
  file.seconds = round((performance.now() - started) / 1000);
  terminal.out(resultsTable(file.results));
  if (preset === 'smoke') terminal.note('The smoke preset only shows that every entry runs: its numbers mean nothing.');
  const report = join(options.reportFolder, 'report.html');
  await writeAtomically(join(options.reportFolder, 'results.json'), `${JSON.stringify(file, null, 2)}\n`, {
    where: 'bench',
  });
  await writeAtomically(report, renderReport(file, sections), { where: 'bench' });
  terminal.out(`${formatSeconds(file.seconds)} on ${device.name}; report: ${report}`);
  return file;
}

/**
 * Finds the data and the device that all entries use.
 *
 * @throws CrossmodalError when either cannot be used.
 */
export async function openSuite({
  dataFolder,
  device: name,
  threads,
  terminal,
}: Pick<SuiteOptions, 'dataFolder' | 'device' | 'threads' | 'terminal'>): Promise<{
  openmoji: OpenMoji;
  device: Device;
}> {
  const openmoji = readOpenMoji(locateOpenMoji(dataFolder));
  if (dataFolder !== undefined) terminal.note(originOf(openmoji, dataFolder));
  const device = await openDevice(name, threads);
  terminal.note(`device ${device.name}: ${device.description} (${device.reason})`);
  return { openmoji, device };
}

/** Which copy of OpenMoji is used where a folder with data sets was named. */
function originOf({ version, folder }: OpenMoji, dataFolder: string): string {
  return ![dataFolder, join(dataFolder, 'openmoji')].includes(folder)
    ? `data: ${dataFolder} holds no OpenMoji (data/openmoji.json, or openmoji/data/openmoji.json): the installed one, version ${version}, is used`
    : `OpenMoji ${version} from ${folder}`;
}

/** Runs one entry and times it. */
export async function runEntry(
  entry: Entry,
  context: EntryContext,
  terminal: Terminal,
): Promise<{ results: Result[]; section: ReportSection; processorSeconds: number }> {
  const started = performance.now();
  const processorStarted = process.cpuUsage();
  const elapsed = () => (performance.now() - started) / 1000;
  // For what is neither rendering nor training; the terminal lets through what follows a silence.
  const clock = setInterval(
    () => terminal.progress(`      ${entry.id}: at work for ${formatSeconds(elapsed())}`),
    1000,
  );
  const outcome = await entry.run(context).finally(() => clearInterval(clock));
  const seconds = round(elapsed());
  const results = outcome.rows.map((row): Result => ({ id: entry.id, paradigm: entry.paradigm, ...row, seconds }));
  checkResults(results);
  const { user, system } = process.cpuUsage(processorStarted);
  const processorSeconds = round((user + system) / 1e6);
  terminal.note(`      ${formatSeconds(seconds)}, ${formatSeconds(processorSeconds)} of processor time`);
  return {
    results,
    processorSeconds,
    section: { id: entry.id, title: entry.title, paradigm: entry.paradigm, seconds, outcome },
  };
}

/** What the entries are given: data through the caches, and things made once per run. */
export function entryContext(
  {
    preset,
    seed,
    shuffle,
    dataFolder,
    models,
    domains,
    styles = defaultStyles,
    cacheFolder,
    terminal,
  }: Omit<SuiteOptions, 'device' | 'threads' | 'reportFolder' | 'verbose'>,
  { openmoji, device }: { openmoji: OpenMoji; device: Device },
): EntryContext {
  const made = new Map<string, Promise<unknown>>();
  return {
    preset,
    seed,
    shuffle,
    device,
    dataFolder,
    models,
    ...(domains ? { domains } : {}),
    styles,
    cacheFolder,
    openmoji,
    progress: (line) => terminal.progress(`      ${line}`),
    follow: (label, steps) => followed(terminal, label, steps),
    shared: <T>(name: string, make: () => Promise<T>) => {
      if (!made.has(name)) made.set(name, make());
      return made.get(name) as Promise<T>;
    },
    kept: (_name, make) => make(),
    pictures: (hexcodes, style) =>
      renderPictures(openmoji, hexcodes, {
        style,
        cacheFolder,
        ...watcher(terminal, `rendering ${style} pictures`),
      }),
    speech: (utterances) => speakNames(utterances, { cacheFolder, ...watcher(terminal, 'speaking names') }),
  };
}

async function openDevice(name: string, threads: number | undefined): Promise<Device> {
  const known = ['auto', ...deviceNames];
  if (!known.includes(name)) {
    throw new CrossmodalError(`bench: unknown device "${name}"; devices are ${known.join(', ')}`);
  }
  return useDevice(name as DeviceName | 'auto', threads === undefined ? {} : { threads });
}

/** A bar on a terminal, otherwise a line from time to time. */
function followed(terminal: Terminal, label: string, steps: number): Followed {
  const lines: Callback = {
    name: 'progress',
    onStep: ({ step, epoch }) => {
      terminal.progress(`      ${label}: step ${step} of ${steps}, epoch ${epoch + 1}`);
      return undefined;
    },
  };
  return { label, progress: terminal.interactive, callbacks: [lines] };
}

function watcher(terminal: Terminal, label: string): CacheWatcher {
  let announced = false;
  return {
    progress: (done, total) => {
      if (!announced && !terminal.interactive) terminal.note(`${label}: ${total}, once`);
      announced = true;
      terminal.status(done < total ? progressLine(label, done, total) : '');
      terminal.progress(`      ${label}: ${done} of ${total}`);
    },
    notice: (line) => terminal.note(line),
  };
}

function round(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}
