import { CrossmodalError } from '@crossmodal/core';

/** A piece of work with a name of its own. */
export interface QueuedJob<Job> {
  id: string;
  job: Job;
}

/**
 * Jobs that several processes share. A job is given again when whoever had it died, so working on it twice must be as good as once.
 */
export interface WorkQueue<Job> {
  /**
   * Adds jobs. One whose id was added before is not added again, whether it waits or is done; one that failed for good is tried anew.
   *
   * @returns how many were handed over
   */
  add(jobs: AsyncIterable<QueuedJob<Job>> | Iterable<QueuedJob<Job>>): Promise<number>;
  /**
   * Takes one job after the other until none is left, those of other workers included: when one of them dies, its job is done here.
   * A job that fails three times at one worker is left out, and the others are still done.
   *
   * @returns how many this worker has done
   * @throws CrossmodalError at the end, when jobs were left out meanwhile
   */
  work(handle: (job: QueuedJob<Job>) => Promise<void>, options?: { signal?: AbortSignal }): Promise<number>;
  /** Jobs that are neither done nor left out. */
  remaining(): Promise<number>;
  close(): Promise<void>;
}

/** How often a job is tried before it counts as failed. */
export const mostTries = 3;

/** A job that was left out. */
export interface FailedJob {
  id: string;
  reason: string;
}

/** @throws CrossmodalError when there is a failed job: names the first, and how many there are */
export function refuseFailed(where: string, failed: readonly FailedJob[]): void {
  const [first] = failed;
  if (!first) return;
  const others = failed.length > 1 ? `, and so did ${failed.length - 1} more` : '';
  throw new CrossmodalError(`${where}: job ${first.id} failed ${mostTries} times: ${first.reason}${others}`, {
    remedy: 'add them again when the cause is mended',
  });
}
