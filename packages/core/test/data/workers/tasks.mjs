import { threadId } from 'node:worker_threads';

/** What a worker of the tests can be told to do. */
export async function run(task, settings) {
  if (task === 'exit') process.exit(3);
  if (task === 'hang') for (;;);
  if (task === 'throw') throw new RangeError('a.wav: is cut short');
  if (task === 'hoard') {
    const hoard = [];
    for (;;) hoard.push(new Array(1e5).fill(hoard.length));
  }
  if (task === 'thread') return threadId;
  if (task === 'array') return { data: new Float32Array([1, 2]), shape: [2] };
  if (task?.wait) await new Promise((resolve) => setTimeout(resolve, task.wait));
  return { task, settings };
}
