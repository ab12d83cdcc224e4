import { type ChildProcess, fork } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Random } from '@crossmodal/core';
import type { Outcome } from './child.js';
import { mutate } from './mutate.js';
import { type Kind, specimens } from './specimens.js';

export interface FuzzOptions {
  /** Mutated files in all, shared evenly among the kinds. */
  count: number;
  seed?: number;
  kinds?: readonly Kind[];
  /** False leaves the files as they are: then each must be accepted. */
  mutated?: boolean;
  /** Milliseconds that a file may take. */
  timeout?: number;
  /** Bytes of resident memory that the reading process may reach. */
  memory?: number;
  /** Where files that break something are kept. */
  keep?: string;
  progress?: (done: number) => void;
}

export interface Failure {
  /** The file, when `keep` was given. */
  path: string;
  how: string;
  problem: string;
}

export interface FuzzReport {
  files: number;
  /** Per kind: files that were still readable, and those refused with their name and a reason. */
  kinds: Record<string, { accepted: number; rejected: number }>;
  failures: Failure[];
  /** Largest resident memory of a reading process, in bytes. */
  memory: number;
  /** The longest that a file took, in milliseconds. */
  slowest: number;
}

export const allKinds = Object.keys(specimens) as Kind[];

/**
 * Mutates valid files of every kind that the house reads and gives them to its readers in another process. A file fails when
 * the process ends, takes too long or too much memory, when the error is not one of ours, or when it does not name the file.
 */
export async function fuzz({
  count,
  seed = 1,
  kinds = allKinds,
  mutated = true,
  timeout = 20_000,
  memory = 2 ** 30,
  keep,
  progress,
}: FuzzOptions): Promise<FuzzReport> {
  const folder = await mkdtemp(join(tmpdir(), 'crossmodal-fuzz-'));
  const report: FuzzReport = { files: 0, kinds: {}, failures: [], memory: 0, slowest: 0 };
  let child: ChildProcess | undefined;
  try {
    for (let i = 0; i < count; i++) {
      const kind = kinds[i % kinds.length] as Kind;
      const random = new Random(seed).fork(kind).fork(i);
      const specimen = await specimens[kind](random.fork('specimen'));
      const { bytes, how } = mutated ? mutate(specimen, random.fork('mutation')) : { bytes: specimen, how: 'nothing' };
      const path = join(folder, `${i}.${kind}`);
      await writeFile(path, bytes);
      if (!child?.connected) child = start();
      const began = performance.now();
      const outcome = await ask(child, { path, kind }, timeout);
      report.slowest = Math.max(report.slowest, performance.now() - began);
      report.files++;
      report.kinds[kind] ??= { accepted: 0, rejected: 0 };
      let problem: string | undefined;
      if (typeof outcome === 'string') problem = outcome;
      else {
        report.kinds[kind][outcome.accepted ? 'accepted' : 'rejected']++;
        report.memory = Math.max(report.memory, outcome.memory);
        if (outcome.memory > memory) problem = `${Math.round(outcome.memory / 2 ** 20)} MiB of memory`;
        else if (!outcome.accepted && !mutated) problem = `a valid file is refused: ${outcome.message}`;
        else if (!outcome.accepted && !outcome.foreseen) problem = `unforeseen error: ${outcome.message}`;
        else if (!outcome.accepted && !outcome.message?.includes(basename(path)))
          problem = `the error does not name the file: ${outcome.message}`;
      }
      if (problem !== undefined) {
        let kept = basename(path);
        if (keep !== undefined) {
          await mkdir(keep, { recursive: true });
          kept = join(keep, `seed-${seed}-${basename(path)}`);
          await writeFile(kept, bytes);
        }
        report.failures.push({ path: kept, how, problem });
        if (typeof outcome === 'string' || outcome.memory > memory) {
          child.kill('SIGKILL');
          child = undefined;
        }
      }
      await rm(path);
      progress?.(report.files);
    }
  } finally {
    child?.kill();
    await rm(folder, { recursive: true, force: true });
  }
  return report;
}

function start(): ChildProcess {
  return fork(fileURLToPath(new URL('./child.ts', import.meta.url)), {
    execArgv: ['--conditions=@crossmodal/source', '--import', 'tsx', '--max-old-space-size=768'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
}

/** The outcome, or in words why there is none. */
function ask(child: ChildProcess, task: { path: string; kind: Kind }, timeout: number): Promise<Outcome | string> {
  return new Promise((resolve) => {
    let errors = '';
    const onText = (text: Buffer) => {
      errors = (errors + text.toString()).slice(-2000);
    };
    const settle = (outcome: Outcome | string) => {
      clearTimeout(timer);
      child.off('message', settle);
      child.off('exit', onExit);
      child.stderr?.off('data', onText);
      resolve(outcome);
    };
    const onExit = (code: number | null, signal: string | null) =>
      settle(`the process ended (${signal ?? code}): ${errors}`);
    const timer = setTimeout(() => settle(`no answer within ${timeout} ms`), timeout);
    child.on('message', settle);
    child.on('exit', onExit);
    child.stderr?.on('data', onText);
    child.send(task);
  });
}
