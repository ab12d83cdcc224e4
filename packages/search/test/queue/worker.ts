// Started as a process of its own by the tests: works on a queue until it is empty, or until it is killed.
import { bulkEmbed, bullQueue, jobShard, localFolder, natsQueue, type WorkQueue } from '@crossmodal/search';
import { vectorOf } from '../bulk/work.js';

export function openQueue(kind: string, address: string, name: string): Promise<WorkQueue<number[]>> {
  const options = { name, lease: 1500 };
  return kind === 'bullmq' ? bullQueue<number[]>(address, options) : natsQueue<number[]>(address, options);
}

async function main(kind: string, address: string, name: string, folder: string): Promise<void> {
  const queue = await openQueue(kind, address, name);
  const out = localFolder(folder, { create: true });
  process.stdout.write('ready\n');
  const done = await queue.work(async ({ id, job }) => {
    await bulkEmbed(job, {
      id: (i) => `item ${i}`,
      decode: (i) => i,
      embed: async (batch) => {
        await new Promise((resolve) => setTimeout(resolve, 60));
        return batch.map(vectorOf);
      },
      sink: jobShard(out, { job: id, dimension: 8 }),
    });
    process.stdout.write(`job ${id}\n`);
  });
  await queue.close();
  process.stdout.write(`done ${done}\n`);
}

if (process.argv[2] === 'worker') {
  const [, , , kind, address, name, folder] = process.argv as string[];
  await main(kind as string, address as string, name as string, folder as string);
}
