import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';

/** A tensor as JSON carries it. */
export interface PlainTensor {
  type: 'float32' | 'int32';
  dims: number[];
  data: number[];
}

export interface BrowserCase {
  model: Uint8Array;
  feeds: Record<string, PlainTensor>;
}

/** Chromium on this machine, if there is one. `CHROMIUM` names another. */
export function findChromium(): string | undefined {
  const places = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
  return places.find((place) => place !== undefined && existsSync(place));
}

/**
 * The folder with onnxruntime-web's browser files: `ONNXRUNTIME_WEB`, or the installed package. It takes 140 MB, so it
 * is no dependency of this package.
 */
export function findRuntime(): string | undefined {
  const given = process.env['ONNXRUNTIME_WEB'];
  if (given !== undefined) return existsSync(join(given, 'ort.wasm.min.mjs')) ? given : undefined;
  try {
    return dirname(createRequire(import.meta.url).resolve('onnxruntime-web'));
  } catch {
    return undefined;
  }
}

/** Loads each file with onnxruntime-web, runs it on its feeds, and sends what comes out. */
const page = `<!doctype html><script type="module">
const send = (body) => fetch('/result', { method: 'POST', body: JSON.stringify(body) });
try {
  const ort = await import('/ort/ort.wasm.min.mjs');
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = '/ort/';
  const arrays = { float32: Float32Array, int32: Int32Array };
  const results = [];
  for (const [i, feeds] of (await (await fetch('/feeds')).json()).entries()) {
    const bytes = new Uint8Array(await (await fetch('/model/' + i)).arrayBuffer());
    const session = await ort.InferenceSession.create(bytes, { executionProviders: ['wasm'] });
    const given = {};
    for (const [name, { type, dims, data }] of Object.entries(feeds))
      given[name] = new ort.Tensor(type, arrays[type].from(data), dims);
    const result = {};
    for (const [name, tensor] of Object.entries(await session.run(given)))
      result[name] = { type: tensor.type, dims: [...tensor.dims], data: [...tensor.data] };
    results.push(result);
  }
  await send({ results });
} catch (error) {
  await send({ error: String(error && error.stack || error) });
}
</script>`;

const types: Record<string, string> = { '.mjs': 'text/javascript', '.wasm': 'application/wasm' };

/** Runs models in headless Chromium on onnxruntime-web's WebAssembly provider. */
export async function runInBrowser(
  chromium: string,
  runtime: string,
  cases: readonly BrowserCase[],
): Promise<Record<string, PlainTensor>[]> {
  let finish: (body: string) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const answer = new Promise<string>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  const server = createServer((request, response) => {
    const url = request.url ?? '/';
    if (url === '/result') {
      void text(request).then((body) => {
        response.end();
        finish(body);
      });
      return;
    }
    const file = /^\/ort\/([\w.-]+)$/.exec(url)?.[1];
    const model = /^\/model\/(\d+)$/.exec(url)?.[1];
    if (file !== undefined && existsSync(join(runtime, file))) {
      response.setHeader('content-type', types[extname(file)] ?? 'application/octet-stream');
      response.end(readFileSync(join(runtime, file)));
    } else if (model !== undefined) response.end(cases[Number(model)]!.model);
    else if (url === '/feeds') response.end(JSON.stringify(cases.map(({ feeds }) => feeds)));
    else if (url === '/') response.setHeader('content-type', 'text/html').end(page);
    else response.writeHead(404).end();
  });
  const address = await listen(server);
  const profile = mkdtempSync(join(tmpdir(), 'tfjs-onnx-browser-'));
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', `--user-data-dir=${profile}`];
  const browser = spawn(chromium, [...flags, address], { stdio: 'ignore', detached: true });
  browser.on('error', fail);
  browser.on('exit', () => fail(new Error('the browser ended before it answered')));
  try {
    const { results, error } = JSON.parse(await answer) as { results: Record<string, PlainTensor>[]; error?: string };
    if (error !== undefined) throw new Error(error);
    return results;
  } finally {
    const gone = new Promise((resolve) => browser.once('close', resolve));
    // Its whole group: its own processes would go on writing into the profile.
    if (browser.pid !== undefined && browser.exitCode === null) {
      process.kill(-browser.pid, 'SIGKILL');
      await gone;
    }
    server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 25, retryDelay: 100 });
  }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
