import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CrossmodalError } from '@crossmodal/core';
import { useDevice } from '@crossmodal/core/device';
import { serve } from '@hono/node-server';
import { getConnInfo } from '@hono/node-server/conninfo';
import { type Context, report } from '../cli/context.js';
import { SearchService } from '../collection/search-service.js';
import { createApp } from '../server/app.js';
import { drainAfterAnswer } from '../server/drain.js';
import { pageFiles } from '../server/page-files.js';

interface ServeOptions {
  index: string;
  host: string;
  port: number;
  rate: number;
  uploadLimit: number;
  allowHost?: string[];
}

/**
 * Milliseconds that an idle connection stays open: longer than a reverse proxy holds it (nginx 60 s), else the proxy may send a request
 * just when it is closed here.
 */
const keepAliveTimeout = 75_000;

const loopback = new Set(['localhost', '127.0.0.1', '[::1]', '::1']);

/** The names that a browser may call the server by; any when others can reach it anyway and none is named. */
export function hostsOf(host: string, allowed: readonly string[]): { hosts?: ReadonlySet<string> } {
  if (allowed.length === 0 && !loopback.has(host)) return {};
  return { hosts: new Set([...loopback, host, ...allowed].map((name) => name.toLowerCase())) };
}

/** Serves until Ctrl-C. */
export async function serveCommand(
  { index, host, port, rate, uploadLimit, allowHost = [] }: ServeOptions,
  context: Context,
): Promise<void> {
  const { terminal, signal } = context;
  await useDevice(context.device as 'auto');
  const service = await SearchService.open(index);
  const app = createApp({
    service,
    limits: { uploadBytes: Math.round(uploadLimit * 2 ** 20), requestsPerMinute: rate },
    ...(await pageFiles('page')),
    ...hostsOf(host, allowHost),
    addressOf: (request) => getConnInfo(request).remote.address ?? 'unknown',
    onError: (error) => terminal.note(`serve: unexpected: ${(error as Error)?.stack ?? String(error)}`),
  });
  try {
    await new Promise<void>((resolve, reject) => {
      // Of a request that is answered early, the library reads half a second long: `drainAfterAnswer` takes its place.
      const settings = { fetch: app.fetch, hostname: host, port, autoCleanupIncoming: false };
      const serverOptions = { keepAliveTimeout };
      const server = serve({ ...settings, serverOptions }, ({ port: taken }: AddressInfo) => {
        const url = `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${taken}/`;
        report(context, { url }, () => `${url} (API: ${url}api/openapi.json; Ctrl-C ends it)`);
        if (!loopback.has(host))
          terminal.note('everyone who reaches this address can search and see the files of the index');
      });
      drainAfterAnswer(server as Server);
      server.on('error', (error: NodeJS.ErrnoException) => {
        const reason = error.code === 'EADDRINUSE' ? `port ${port} is taken` : (error.code ?? error.message);
        reject(
          new CrossmodalError(`serve: ${reason}`, {
            remedy: 'choose another with --port; 0 takes a free one',
            cause: error,
          }),
        );
      });
      const stop = () => {
        server.close(() => resolve());
        if ('closeAllConnections' in server) server.closeAllConnections();
      };
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop);
    });
  } finally {
    await service.close();
  }
}
