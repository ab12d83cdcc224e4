import { join } from 'node:path';
import { useDevice } from '@crossmodal/core/device';
import { SearchService } from '../src/collection/search-service.js';
import { createApp } from '../src/server/app.js';
import { pageFiles } from '../src/server/page-files.js';
import { run } from './command.js';
import { colouredShapes } from './pictures.js';

export interface Served {
  service: SearchService;
  app: ReturnType<typeof createApp>;
  /** Failures that are no fault of the caller. */
  failures: unknown[];
  data: string;
  index: string;
  model: string;
}

/** A small trained model of coloured shapes with their sounds, an index of them, and the server's app over it. */
export async function servedShapes(root: string, { requestsPerMinute = 1_000_000 } = {}): Promise<Served> {
  const [data, model, index] = [join(root, 'shapes'), join(root, 'model'), join(root, 'index')];
  await colouredShapes(data);
  const small = [
    '--image-size',
    '16',
    '--batch-size',
    '20',
    '--channels',
    '8,16',
    '--epochs',
    '30',
    '--dimension',
    '16',
    '--learning-rate',
    '0.02',
  ];
  for (const args of [
    ['train', '--data', data, '--out', model, ...small],
    ['index', '--data', data, '--model', model, '--index', index],
  ]) {
    const { code, notes } = await run(args);
    if (code !== 0) throw new Error(notes);
  }
  await useDevice('cpu');
  const service = await SearchService.open(index);
  const failures: unknown[] = [];
  const app = createApp({
    service,
    limits: { uploadBytes: 100_000, requestsPerMinute },
    ...(await pageFiles('page')),
    hosts: new Set(['localhost', '127.0.0.1']),
    addressOf: (context) => context.req.header('x-test-address') ?? 'test',
    onError: (error) => void failures.push(error),
  });
  return { service, app, failures, data, index, model };
}
