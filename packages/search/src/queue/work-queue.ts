/** A piece of work with a name of its own. */
export interface QueuedJob<Job> {
  id: string;
  job: Job;
}

/**
 * Jobs that several processes share. A job is given again when whoever had it died, so working on it twice must be as good as once.
 */
export interface WorkQueue<Job> {
  /** Adds jobs; one whose id is there already is not added again. Gives how many were handed over. */
  add(jobs: AsyncIterable<QueuedJob<Job>> | Iterable<QueuedJob<Job>>): Promise<number>;
  /**
   * Takes one job after the other until none is left, those of other workers included: when one of them dies, its job is done here.
   *
   * @returns how many this worker has done
   * @throws CrossmodalError when a job failed several times
   */
  work(handle: (job: QueuedJob<Job>) => Promise<void>, options?: { signal?: AbortSignal }): Promise<number>;
  /** Jobs that are not done. */
  remaining(): Promise<number>;
  close(): Promise<void>;
}

/** How often a job is tried before it counts as failed. */
export const mostTries = 3;
