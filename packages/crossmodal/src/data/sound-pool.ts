import { type WorkerPool, workerPool } from '@crossmodal/core/data';
import type { Waveform } from '@crossmodal/encoders-audio';
import type { SoundTask } from './sound-worker.js';

/**
 * Threads that decode recordings: a long one does not hold up the others, and one that takes too long is given up. `memory` bounds
 * the JavaScript heap of a thread, which samples do not lie in; their number is bounded by `decodeSound`, to 2^27 of one channel
 * (512 MB) for a compressed recording.
 * Idle threads do not keep the process alive.
 */
export function soundPool(): WorkerPool<SoundTask, Waveform> {
  return workerPool(new URL('./sound-worker.js', import.meta.url), { name: 'decode', timeout: 60_000, memory: 1024 });
}
