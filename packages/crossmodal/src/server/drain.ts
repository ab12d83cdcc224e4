import type { Server } from 'node:http';

/** How much is read of a request that was answered before all of it had come. */
export interface DrainLimits {
  bytes: number;
  seconds: number;
}

/** What a browser sends within a minute over a slow line, and four times the usual limit of an upload. */
const usual: DrainLimits = { bytes: 64 * 2 ** 20, seconds: 60 };

const look = 250; // milliseconds

/**
 * Reads on when a request was answered before all of it had come: of a file that is too large, say. Whoever sends it reads the answer only
 * when all is sent; a connection that is closed meanwhile looks to them like a network that broke. What goes beyond the limits is cut off.
 */
export function drainAfterAnswer(server: Server, { bytes, seconds }: DrainLimits = usual): void {
  server.on('request', (incoming, outgoing) => {
    outgoing.once('finish', () => {
      if (incoming.complete) return;
      const { socket } = incoming;
      const [began, before] = [performance.now(), socket.bytesRead];
      const watch = setInterval(() => {
        const isOver = performance.now() - began > 1000 * seconds || socket.bytesRead - before > bytes;
        if (isOver && !incoming.complete) socket.destroy();
        if (incoming.complete || socket.destroyed) clearInterval(watch);
      }, look);
      watch.unref();
      // A body that somebody began to read stands still when their buffer is full: nobody takes from it any more.
      incoming.removeAllListeners('data').removeAllListeners('readable');
      incoming.resume();
    });
  });
}
