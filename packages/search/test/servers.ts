import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { afterAll } from 'vitest';

/** Where a program is: what the variable names, or what the path has; undefined where it is missing. */
export function program(variable: string, name: string): string | undefined {
  const command = process.env[variable] ?? name;
  const { error } = spawnSync(command, ['--version'], { stdio: 'ignore' });
  return error ? undefined : command;
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

const answers = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });

const servers: ChildProcess[] = [];
// Here, while the file is read: within a hook it would come too late to be run.
afterAll(async () => {
  await Promise.all(
    servers.splice(0).map(async (server) => {
      if (server.exitCode !== null || server.signalCode !== null) return;
      const exit = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGKILL');
      await exit;
    }),
  );
});

/** Starts a server on loopback and waits until it answers; it ends with the test file. */
export async function startServer(
  command: string,
  args: readonly string[],
  port: number,
  { env = {} }: { env?: Record<string, string> } = {},
): Promise<void> {
  const server: ChildProcess = spawn(command, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
  });
  let errors = '';
  server.stderr!.on('data', (part: Buffer) => {
    errors = (errors + part).slice(-2000);
  });
  let ended = false;
  server.on('exit', () => {
    ended = true;
  });
  servers.push(server);
  for (let attempt = 0; attempt < 600 && !ended; attempt++) {
    if (await answers(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${command} did not start: ${errors}`);
}
