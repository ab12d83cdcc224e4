import { availableParallelism } from 'node:os';
import { Contender, type Engine } from './contender.js';
import type { Loading, Row } from './rows/row.js';

/** One engine's result on one row. */
export interface Result {
  row: string;
  engine: Engine;
  batch: number;
  best_ms: number;
  median_ms: number;
  /** Half the distance between the quartiles, a measure of this machine's noise. */
  spread_ms: number;
  peak_mb: number;
  /** Nominal GFLOP/s: direct convolutions and products, three times forward. */
  gflops: number;
  /** Of this engine's own best matrix product on this machine. */
  matmul_peak_gflops: number;
  device: string;
  loss: number;
  /** Where the model came from a folder. */
  loading?: Loading;
}

/** An engine that could not run a row, and why. */
export interface Absence {
  row: string;
  engine: Engine;
  reason: string;
}

interface DuelOptions {
  engines: readonly Engine[];
  python: string;
  /** Blocks of steps per engine, taken in turn. */
  rounds: number;
  /** How long one block should take. */
  blockSeconds: number;
  /** How long an engine may take to be warm, before a smaller batch is tried. */
  limitSeconds: number;
  batch?: number;
  threads?: number;
  /** Where the model lies that the row loads. */
  folder?: string;
}

const quantile = (sorted: readonly number[], q: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;

/**
 * Runs one row on several engines. All are warmed up first; then each does a block of steps in turn, round after round,
 * so that a noisy minute hits all of them. An engine that is not warm in time gets a quarter of the batch, down to one.
 */
export async function duel(
  row: Row,
  {
    engines,
    python,
    rounds,
    blockSeconds,
    limitSeconds,
    batch = row.batch,
    threads = availableParallelism(),
    folder,
  }: DuelOptions,
): Promise<{ results: Result[]; absences: Absence[] }> {
  const absences: Absence[] = [];
  const running: { engine: Engine; batch: number; contender: Contender; ms: number[]; loss: number }[] = [];
  try {
    for (const engine of engines) {
      for (let size = batch; ; size = Math.max(1, Math.floor(size / 4))) {
        try {
          const contender = await Contender.start(engine, row.id, size, { python, threads, folder, limitSeconds });
          running.push({ engine, batch: size, contender, ms: [], loss: Number.NaN });
          break;
        } catch (error) {
          const reason = (error as Error).message;
          if (size > 1 && reason.startsWith('not warm')) continue;
          absences.push({ row: row.id, engine, reason });
          break;
        }
      }
    }
    const counts = new Map<Contender, number>();
    for (let round = 0; round < rounds; round++) {
      for (const entry of running) {
        const count = counts.get(entry.contender) ?? 1;
        const { ms, loss } = await entry.contender.run(count);
        const fastest = Math.min(...ms);
        counts.set(entry.contender, Math.max(1, Math.min(200, Math.round((blockSeconds * 1000) / fastest))));
        if (round > 0 || rounds === 1 || fastest > 5000) entry.ms.push(...ms);
        entry.loss = loss;
      }
    }
    const results: Result[] = [];
    for (const { engine, batch: size, contender, ms, loss } of running) {
      const peakMb = await contender.peakMegabytes();
      const sorted = [...ms].sort((a, b) => a - b);
      const best = sorted[0]!;
      results.push({
        row: row.id,
        engine,
        batch: size,
        best_ms: best,
        median_ms: quantile(sorted, 0.5),
        spread_ms: (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 2,
        peak_mb: peakMb,
        gflops: ((row.inference ? 1 : 3) * row.forwardFlops * size) / best / 1e6,
        matmul_peak_gflops: await contender.matmulPeak(),
        device: contender.ready.device,
        loss,
        ...(contender.ready.loading ? { loading: contender.ready.loading } : {}),
      });
    }
    return { results, absences };
  } finally {
    for (const { contender } of running) contender.stop();
  }
}
