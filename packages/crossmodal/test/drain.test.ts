import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
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

describe('a request that is answered before all of it has come', () => {
  it('is read to its end, however long that takes', async () => {
    const port = await start();
    const outcome = await send(port, { pieces: 14, pause: 100, bytes: 100_000 });
    expect(outcome).toEqual({ status: 413, error: undefined, sent: 14 });
  });

  it.each([
    ['bytes', { bytes: 1_000_000, seconds: 60 }, { pieces: 400, pause: 5, bytes: 100_000 }],
    ['seconds', { bytes: 2 ** 40, seconds: 0.3 }, { pieces: 400, pause: 10, bytes: 10 }],
  ])('is cut off beyond the limit of %s', async (_, limits, sending) => {
    const port = await start(limits);
    const { status, error, sent } = await send(port, sending);
    expect(status).toBe(413);
    expect(error).toMatch(/ECONNRESET|EPIPE/);
    expect(sent).toBeLessThan(sending.pieces);
  });
});
