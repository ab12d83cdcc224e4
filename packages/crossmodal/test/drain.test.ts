import { Agent, createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { afterEach, describe, expect, it } from 'vitest';
import { createApp } from '../src/server/app.js';
import { type DrainLimits, drainAfterAnswer } from '../src/server/drain.js';

let server: Server;
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** A server that answers 413 to everything at once. */
async function start(limits?: DrainLimits): Promise<number> {
  server = createServer((_, response) => void response.writeHead(413).end('too large'));
  drainAfterAnswer(server, limits);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Sends pieces with pauses between them, whatever is answered meanwhile; gives the status, or the error's code. */
function send(port: number, { pieces, pause, bytes }: { pieces: number; pause: number; bytes: number }) {
  return new Promise<{ status: number | undefined; error: string | undefined; sent: number }>((resolve) => {
    let [status, sent]: [number | undefined, number] = [undefined, 0];
    const asked = request({ port, host: '127.0.0.1', method: 'POST', headers: { 'content-length': pieces * bytes } });
    const end = (error?: string) => {
      clearInterval(timer);
      resolve({ status, error, sent });
    };
    asked.on('response', (response) => {
      status = response.statusCode;
      response.resume();
    });
    asked.on('error', (error: NodeJS.ErrnoException) => end(error.code));
    const timer = setInterval(() => {
      if (sent === pieces) {
        asked.end();
        asked.on('close', () => end());
        clearInterval(timer);
        return;
      }
      asked.write(new Uint8Array(bytes));
      sent++;
    }, pause);
  });
}

/** What is sent. */
interface Upload {
  length: number;
  type: string;
  chunked?: boolean;
  path?: string;
}

/** The server's app, without an index, as `serve` runs it. */
async function startApp(): Promise<number> {
  const app = createApp({
    service: {} as never,
    limits: { uploadBytes: 300_000, requestsPerMinute: 1000 },
    ...{ script: '', html: '', style: '', addressOf: () => 'one', onError: () => {} },
  });
  const settings = { fetch: app.fetch, port: 0, hostname: '127.0.0.1', autoCleanupIncoming: false };
  return new Promise((resolve) => {
    server = serve(settings, ({ port }) => resolve(port)) as Server;
    drainAfterAnswer(server);
  });
}

describe('a request that is answered before all of it has come', () => {
  it('is read to its end, however long that takes', async () => {
    const port = await start();
    const outcome = await send(port, { pieces: 14, pause: 100, bytes: 100_000 });
    expect(outcome).toEqual({ status: 413, error: undefined, sent: 14 });
  });

  it.each<[string, Upload, number]>([
    ['of a kind that is not taken', { length: 250_000, type: 'text/plain' }, 415],
    ['too large', { length: 5_000_000, type: 'image/png' }, 413],
    ['too large, of a length that is not said', { length: 5_000_000, type: 'image/png', chunked: true }, 413],
    ['for nothing', { length: 250_000, type: 'image/png', path: '/nowhere' }, 404],
  ])(
    'leaves its connection to the next one: an upload %s',
    async (_, { length, type, chunked, path = '/api/search' }, status) => {
      const port = await startApp();
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const ask = (method: string, address: string, body?: Uint8Array) =>
        new Promise<{ status: number | undefined; socket: unknown }>((resolve, reject) => {
          const headers = { 'content-type': type, ...(chunked && body ? { 'transfer-encoding': 'chunked' } : {}) };
          const asked = request({ port, host: '127.0.0.1', method, path: address, agent, headers }, (response) => {
            const { socket } = response;
            response.resume().on('end', () => resolve({ status: response.statusCode, socket }));
          });
          asked.on('error', reject).end(body);
        });
      const began = performance.now();
      const first = await ask('POST', path, new Uint8Array(length));
      expect(first.status).toBe(status);
      const second = await ask('GET', '/api/openapi.json');
      expect(second.status).toBe(200);
      expect(second.socket).toBe(first.socket);
      expect(performance.now() - began).toBeLessThan(3000);
      agent.destroy();
    },
  );

  it.each([
    ['bytes', { bytes: 1_000_000, seconds: 60 }, { pieces: 300, pause: 5, bytes: 100_000 }],
    ['seconds', { bytes: 2 ** 40, seconds: 0.3 }, { pieces: 300, pause: 10, bytes: 1000 }],
  ])('is cut off beyond the limit of %s', async (_, limits, sending) => {
    const port = await start(limits);
    const closed = new Promise<number>((resolve) => {
      server.once('connection', (socket) => socket.once('close', () => resolve(socket.bytesRead)));
    });
    void send(port, sending);
    // Seen from here: whether the sender hears of it as an error depends on when it writes.
    expect(await closed).toBeLessThan(sending.pieces * sending.bytes);
  });
});
