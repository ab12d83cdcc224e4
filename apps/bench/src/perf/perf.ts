import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, platform, totalmem } from 'node:os';
import { join } from 'node:path';
import { type Engine, engines as knownEngines } from './contender.js';
import { type Absence, duel, type Result } from './duel.js';
import { everyRow, rows as table } from './rows/index.js';
import { large } from './rows/large.js';
import { pretrained } from './rows/pretrained.js';
import { writePretrainedFolder } from './rows/pretrained-folder.js';
import type { Loading, Row } from './rows/row.js';
import { shapes } from './rows/shapes.js';

export interface PerfOptions {
  /**
   * Names of rows; `shapes` for all of `s1` to `s12`, `large` for networks of usual size and inference, `pretrained` for models
   * loaded from folders. Without, the rows of the table.
   */
  rows?: readonly string[];
  /** Engines, or all that are found. */
  engines?: readonly Engine[];
  /** A `python3` with torch, for the PyTorch column. */
  python?: string;
  json?: string;
  rounds?: number;
  threads?: number;
  /** Where the folders that rows load are made, about 0.4 GB each. */
  cacheFolder: string;
  write(line: string): void;
}

export interface PerfReport {
  machine: { cpu: string; cores: number; memory_gb: number; platform: string };
  versions: { node: string };
  threads: number;
  results: Result[];
  absences: Absence[];
}

/** Engines that take part unless others are asked for; `tfjs-cpu` and `wasm` are slow, and get smaller batches. */
const defaultEngines: readonly Engine[] = ['onnx', 'torch', 'tfjs-node', 'wasm', 'tfjs-cpu'];

const hasTorch = (python: string) => spawnSync(python, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0;

/**
 * Times one training step of each row's model on each engine, interleaved, and prints a table of medians with the ratio
 * to PyTorch (or to the first engine when there is no PyTorch).
 * @throws Error for an unknown row or engine.
 */
export async function perf({
  rows,
  engines = defaultEngines,
  python = 'python3',
  json,
  rounds = 5,
  threads = availableParallelism(),
  cacheFolder,
  write,
}: PerfOptions): Promise<PerfReport> {
  const groups: Record<string, readonly Row[]> = { shapes, large, pretrained };
  const names = rows?.flatMap((name) => groups[name]?.map(({ id }) => id) ?? [name]);
  const chosen = names ? everyRow.filter((row) => names.includes(row.id)) : table;
  const missing = names?.filter((id) => !everyRow.some((row) => row.id === id)) ?? [];
  if (missing.length > 0)
    throw new Error(
      `perf: unknown row ${missing.join(', ')}; there are ${everyRow.map(({ id }) => id).join(', ')}, and the groups ${Object.keys(groups).join(', ')}`,
    );
  const unknown = engines.filter((engine) => !(engine in knownEngines));
  if (unknown.length > 0) {
    throw new Error(`perf: unknown engine ${unknown.join(', ')}; there are ${Object.keys(knownEngines).join(', ')}`);
  }
  const contenders = engines.filter((engine) => engine !== 'torch' || hasTorch(python));
  if (contenders.length < engines.length) write(`torch: ${python} has no torch (name another with --python PATH)`);
  const report: PerfReport = {
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      memory_gb: Math.round(totalmem() / 2 ** 30),
      platform: `${platform()} ${arch()}`,
    },
    versions: { node: process.version },
    threads,
    results: [],
    absences: [],
  };
  for (const row of chosen) {
    write(`\n(${row.id}) ${row.title}, B ${row.batch}`);
    const folder = row.folder && (await writePretrainedFolder(row.folder, { within: join(cacheFolder, 'perf') }));
    const { results, absences } = await duel(row, {
      ...(folder === undefined ? {} : { folder }),
      engines: contenders,
      python,
      rounds,
      threads,
      blockSeconds: 1,
      limitSeconds: 90,
    });
    const reference = results.find((result) => result.engine === 'torch') ?? results[0];
    for (const result of results) write(line(result, reference as Result));
    for (const { engine, loading } of results) if (loading) write(loadingLine(engine, loading));
    for (const { engine, reason } of absences) write(`  ${engine.padEnd(14)} ${reason}`);
    report.results.push(...results);
    report.absences.push(...absences);
    if (json) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
  }
  write(`\n${report.machine.cpu}, ${report.machine.cores} cores, ${threads} threads, Node ${process.version}`);
  return report;
}

function loadingLine(engine: Engine, { seconds, peakMb, weightsMb }: Loading): string {
  const share = (peakMb / weightsMb).toFixed(2);
  return `  ${engine.padEnd(14)} loaded in ${seconds.toFixed(2)} s, peak of ${peakMb.toFixed(0)} MB for ${weightsMb.toFixed(0)} MB of weights (${share})`;
}

/** Times are compared per item, because a slow engine may have got a smaller batch. */
function line(result: Result, reference: Result): string {
  const ratio = reference.median_ms / reference.batch / (result.median_ms / result.batch);
  const share = (100 * result.gflops) / result.matmul_peak_gflops;
  const batch = result.batch === reference.batch ? '' : ` at B ${result.batch}`;
  return [
    `  ${result.engine.padEnd(14)}`,
    `${result.median_ms.toFixed(2).padStart(9)} ms +- ${result.spread_ms.toFixed(2)}`.padEnd(22),
    `best ${result.best_ms.toFixed(2)}`.padEnd(14),
    `${ratio.toFixed(2)}x ${reference.engine}${batch}`.padEnd(18),
    `${result.gflops.toFixed(0)} GFLOP/s (${share.toFixed(0)} % of its matmul peak)`.padEnd(40),
    `${result.peak_mb.toFixed(0)} MB`,
  ].join(' ');
}
