import { useDevice } from '@crossmodal/core/device';
import { SearchService } from '../../src/collection/search-service.js';
import { createApp } from '../../src/server/app.js';
import { pageFiles } from '../../src/server/page-files.js';
import { makeIndex, type Workplace } from './workplace.js';

export interface Served {
  service: SearchService;
  app: ReturnType<typeof createApp>;
  /** Failures that are no fault of the caller. */
  failures: unknown[];
}

/** The server's app over the index. */
export async function servedShapes(place: Workplace, { requestsPerMinute = 1_000_000 } = {}): Promise<Served> {
  await makeIndex(place);
  const { index } = place;
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
  return { service, app, failures };
}
