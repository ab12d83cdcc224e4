import { type WorkerPool, workerPool } from '@crossmodal/core/data';
import type { Waveform } from '@crossmodal/encoders-audio';
import type { SoundTask } from './sound-worker.js';

/**
 * Threads that decode recordings: a long one does not hold up the others, and one that takes too long or too much memory is given up.
 * Idle threads do not keep the process alive.
 */
export function soundPool(): WorkerPool<SoundTask, Waveform> {
  return workerPool(new URL('./sound-worker.js', import.meta.url), { name: 'decode', timeout: 60_000, memory: 1024 });
}
