import { readdirSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { mediaKind } from '@crossmodal/core/data';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileInside } from '../../src/collection/file-inside.js';
import { createApp } from '../../src/server/app.js';
import { fileResponse, types } from '../../src/server/files.js';
import { fuzzedRequest } from '../fuzz.js';
import { picture, tone } from '../pictures.js';
import { type Served, servedShapes } from './served.js';
import type { Workplace } from './workplace.js';

/** Files that this process has open, where the system tells. */
function openFiles(): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc/self/fd').flatMap((name) => {
    try {
      return [readlinkSync(join('/proc/self/fd', name))];
    } catch {
      return []; // closed meanwhile
    }
  });
}

const svg = (width: number, height: number): Buffer =>
  Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"/>`);

/** A white PNG of so many pixels, a bit each. */
function whitePng(width: number, height: number): Buffer {
  const chunk = (name: string, bytes: Uint8Array) => {
    const named = Buffer.concat([Buffer.from(name), bytes]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(bytes.length);
    sum.writeUInt32BE(crc32(named));
    return Buffer.concat([length, named, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 1; // bits of a pixel, grey
  const rows = Buffer.alloc(height * (1 + Math.ceil(width / 8)), 255);
  for (let y = 0; y < height; y++) rows[y * (1 + Math.ceil(width / 8))] = 0; // the row has no filter
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', new Uint8Array()),
  ]);
}

export function serverSuite(place: Workplace): void {
  const { root } = place;
  let served: Served;

  async function ask(path: string, init: RequestInit = {}) {
    const response = await served.app.request(`http://localhost${path}`, {
      ...init,
      headers: { host: 'localhost', ...init.headers },
    });
    return {
      status: response.status,
      headers: response.headers,
      body: response.headers.get('content-type')?.startsWith('application/json')
        ? await response.json()
        : await response.arrayBuffer(),
    };
  }

  describe('the HTTP API', () => {
    beforeAll(async () => {
      served = await servedShapes(place);
    });
    afterAll(() => served.service.close());

    it('says what the index holds', async () => {
      expect((await ask('/api/info')).body).toEqual({
        items: 90,
        labels: [],
        dimension: 16,
        modalities: ['image', 'text', 'audio'],
        uploadBytes: 100_000,
      });
    });

    it('finds by words, best first, pictures and recordings unless texts are asked for', async () => {
      const { status, body } = await ask('/api/search?words=a+red+circle&k=6');
      expect(status).toBe(200);
      const { answers } = body as {
        answers: { score: number; kind: string; text: string; file: string; id: string }[];
      };
      expect(answers).toHaveLength(6);
      expect(answers.map(({ score }) => score)).toEqual([...answers.map(({ score }) => score)].sort((a, b) => b - a));
      expect(answers.every(({ kind }) => kind !== 'text')).toBe(true);
      expect(answers[0]?.text).toMatch(/^a red/);
      const texts = (await ask('/api/search?words=a+red+circle&kind=text&k=1')).body as typeof body;
      expect(texts).toMatchObject({ answers: [{ text: 'a red circle', kind: 'text' }] });
    });

    it('finds by a picture and by a recording, and what is like an answer', async () => {
      const seen = await ask('/api/search?kind=text&k=1', {
        method: 'POST',
        headers: { 'content-type': 'image/png' },
        body: new Uint8Array(await picture('black', 'square')),
      });
      expect(seen.body).toMatchObject({ answers: [{ text: expect.stringMatching(/^a black/) }] });
      for (const [colour, hertz] of [
        ['red', 303],
        ['green', 703],
        ['black', 1903],
      ] as const) {
        const heard = await ask('/api/search?kind=audio&k=1', {
          method: 'POST',
          headers: { 'content-type': 'audio/wav' },
          body: new Uint8Array(tone(hertz)),
        });
        expect(heard.body).toMatchObject({ answers: [{ kind: 'audio', text: expect.stringMatching(`^a ${colour}`) }] });
      }
      const shown = await ask('/api/search?kind=image&k=1', {
        method: 'POST',
        headers: { 'content-type': 'audio/wav' },
        body: new Uint8Array(tone(303)),
      });
      expect(shown.body).toMatchObject({ answers: [{ kind: 'image' }] });
      const { answers } = (await ask('/api/search?words=red&kind=image&k=1')).body as { answers: { id: string }[] };
      const like = (await ask(`/api/search?like=${answers[0]?.id}&k=5`)).body as {
        answers: { id: string; score: number }[];
      };
      expect(like.answers).toHaveLength(5);
      expect(like.answers.map(({ id }) => id)).not.toContain(answers[0]?.id);
      expect(like.answers[0]?.score).toBeGreaterThan(0.9);
    });

    it('sends pictures and recordings, whole, in part and small', async () => {
      const one = async (kind: string) =>
        ((await ask(`/api/search?words=a+red+circle&kind=${kind}&k=1`)).body as { answers: { id: string }[] })
          .answers[0]?.id;
      const image = await one('image');
      const whole = await ask(`/api/items/${image}/file`);
      expect(whole.headers.get('content-type')).toBe('image/png');
      expect(whole.headers.get('x-content-type-options')).toBe('nosniff');
      expect(whole.headers.get('content-security-policy')).toMatch(/^default-src 'none';.* sandbox$/);
      expect((await ask(`/api/items/${image}/preview`)).headers.get('content-type')).toBe('image/webp');
      const sound = await one('audio');
      const part = await ask(`/api/items/${sound}/file`, { headers: { range: 'bytes=0-3' } });
      expect(part.status).toBe(206);
      expect(Buffer.from(part.body as ArrayBuffer).toString()).toBe('RIFF');
      expect((await ask(`/api/items/${sound}/file`, { headers: { range: 'bytes=9999999-' } })).status).toBe(416);
      expect((await ask(`/api/items/${sound}/preview`)).status).toBe(404);
    });

    it('answers HEAD with the headers of GET, and leaves no file open', async () => {
      const { answers } = (await ask('/api/search?words=a+red+circle&kind=image&k=1')).body as {
        answers: { id: string; file: string }[];
      };
      const [answer] = answers;
      const size = statSync(join(place.data, 'media', answer?.file.split('/').at(-1) as string)).size;
      for (let i = 0; i < 20; i++) {
        const { status, headers, body } = await ask(`/api/items/${answer?.id}/file`, { method: 'HEAD' });
        expect(status).toBe(200);
        expect(headers.get('content-type')).toBe('image/png');
        expect(headers.get('content-length')).toBe(String(size));
        expect((body as ArrayBuffer).byteLength).toBe(0);
      }
      const part = await ask(`/api/items/${answer?.id}/file`, { method: 'HEAD', headers: { range: 'bytes=0-3' } });
      expect([part.status, part.headers.get('content-length')]).toEqual([206, '4']);
      await new Promise((resolve) => setTimeout(resolve, 50)); // a stream opens its file later
      expect(openFiles().filter((path) => path.startsWith(place.data))).toEqual([]);
    });

    it.each(
      '.avif .gif .jfif .jif .jpe .jpeg .jpg .pjpeg .png .svg .tif .tiff .webp .flac .m4a .mp3 .oga .ogg .opus .wav .wave'.split(
        ' ',
      ),
    )('sends a %s as what it is', async (extension) => {
      const path = join(root, `sent${extension}`);
      writeFileSync(path, 'x');
      const response = await fileResponse(path, undefined);
      await response?.text();
      expect(response?.headers.get('content-type')).toMatch(`${mediaKind(path)}/`);
      expect(Object.keys(types)).toContain(extension);
    });

    it.each([
      ['/api/search', 'either words or like'],
      ['/api/search?words=', 'no words'],
      [`/api/search?words=${'x'.repeat(1001)}`, 'at most 1000 characters'],
      ['/api/search?words=x&k=0', 'k must be'],
      ['/api/search?words=x&k=1001', 'from 1 to 1000'],
      ['/api/search?words=x&kind=smell', 'kind must be one of'],
      ['/api/search?wrods=x', "did you mean 'words'?"],
      ['/api/search?like=nothing', 'there is no item'],
    ])('refuses %s', async (path, message) => {
      const { status, body } = await ask(path);
      expect(status).toBe(400);
      expect((body as { error: string }).error).toContain(message);
    });

    it('refuses files that are too large, broken, or of no kind that it knows', async () => {
      const post = (type: string, body: Uint8Array) =>
        ask('/api/search', { method: 'POST', headers: { 'content-type': type }, body: new Uint8Array(body) });
      expect((await post('image/png', new Uint8Array(100_001))).status).toBe(413);
      expect((await post('image/png', Buffer.from('no picture'))).status).toBe(400);
      expect((await post('audio/wav', Buffer.from('no recording'))).status).toBe(400);
      expect((await post('image/png', new Uint8Array())).status).toBe(400);
      expect((await post('text/html', Buffer.from('<b>'))).status).toBe(415);
      expect(served.failures).toEqual([]);
    });

    it.each([
      ['a PNG of 8000 x 8000 pixels', 'image/png', () => whitePng(8000, 8000), '8000 x 8000'],
      ['an SVG of 9000 x 9000', 'image/svg+xml', () => svg(9000, 9000), '9000 x 9000'],
      ['an SVG that is drawn large, for it is narrow', 'image/svg+xml', () => svg(5000, 1), '5000 x 1'],
    ])('refuses a small file that stands for a great many pixels: %s', async (_, type, make, size) => {
      const bytes = make();
      expect(bytes.length).toBeLessThan(100_000);
      const { status, body } = await ask('/api/search', {
        method: 'POST',
        headers: { 'content-type': type },
        body: new Uint8Array(bytes),
      });
      expect(status).toBe(400);
      expect((body as { error: string }).error).toContain(`at most 50000000 pixels, got ${size}`);
    });

    it('takes a photograph of a large camera, and a drawing', async () => {
      for (const [type, bytes] of [
        ['image/png', whitePng(8000, 6000)],
        ['image/svg+xml', svg(10, 10)],
      ] as const) {
        const init = { method: 'POST', headers: { 'content-type': type }, body: new Uint8Array(bytes) };
        expect((await ask('/api/search?k=1', init)).status).toBe(200);
      }
    });

    it('decodes two uploads at a time; others wait, and a failure holds nobody up', async () => {
      let active = 0;
      let most = 0;
      let calls = 0;
      const app = createApp({
        service: {
          async search() {
            most = Math.max(most, ++active);
            await new Promise((resolve) => setTimeout(resolve, 5));
            active--;
            if (calls++ % 3 === 0) throw new Error('broken');
            return [];
          },
        } as unknown as Served['service'],
        limits: { uploadBytes: 1000, requestsPerMinute: 1000 },
        script: '',
        html: '',
        style: '',
        addressOf: () => 'one',
        onError: () => {},
      });
      const statuses = await Promise.all(
        Array.from({ length: 9 }, async () => {
          const init = { method: 'POST', headers: { 'content-type': 'audio/wav' }, body: 'x' };
          return (await app.request('/api/search', init)).status;
        }),
      );
      expect(most).toBe(2);
      expect(statuses.filter((status) => status === 200)).toHaveLength(6);
      expect(statuses.filter((status) => status === 500)).toHaveLength(3);
    });

    it('has a limit of requests per address', async () => {
      const app = createApp({
        service: served.service,
        limits: { uploadBytes: 1, requestsPerMinute: 3 },
        script: '',
        html: '',
        style: '',
        addressOf: (context) => context.req.header('x-test-address') ?? '',
        onError: () => {},
      });
      const statuses: number[] = [];
      for (let i = 0; i < 5; i++)
        statuses.push((await app.request('/api/info', { headers: { 'x-test-address': 'one' } })).status);
      expect(statuses).toEqual([200, 200, 200, 429, 429]);
      expect((await app.request('/api/info', { headers: { 'x-test-address': 'another' } })).status).toBe(200);
    });

    it('answers to loopback names only, and lets no script run that is not its own', async () => {
      expect((await ask('/', { headers: { host: 'rebound.example' } })).status).toBe(421);
      const { headers } = await ask('/');
      expect(headers.get('content-security-policy')).toContain("script-src 'self'");
      expect(headers.get('content-security-policy')).not.toContain('unsafe');
      expect(headers.get('access-control-allow-origin')).toBeNull();
    });

    it('sends nothing from outside of the folder of the data, not even through a link', async () => {
      writeFileSync(join(root, 'secret.png'), await picture('red', 'circle'));
      symlinkSync(join(root, 'secret.png'), join(place.data, 'media/link.png'));
      const media = join(place.data, 'media');
      for (const file of [
        '../../secret.png',
        '../shapes.csv',
        'link.png',
        join(root, 'secret.png'),
        'a\0b.png',
        '',
        '.',
        'nothing.png',
      ]) {
        expect(await fileInside(media, file), JSON.stringify(file)).toBeUndefined();
      }
      expect(await fileInside(media, 'red-circle-0.png')).toBe(join(media, 'red-circle-0.png'));
      for (const id of ['..%2f..%2fsecret.png', '%00', 'x'.repeat(5000)])
        expect((await ask(`/api/items/${id}/file`)).status).toBe(404);
    });

    it('describes every address in its OpenAPI document, and no other', async () => {
      const { paths, openapi } = (await ask('/api/openapi.json')).body as {
        openapi: string;
        paths: Record<string, Record<string, unknown>>;
      };
      expect(openapi).toBe('3.1.0');
      const described = Object.entries(paths).flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
      );
      const routes = served.app.routes
        .filter(({ path, method }) => path.startsWith('/api/') && method !== 'ALL')
        .map(({ path, method }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`);
      expect([...new Set(described)].sort()).toEqual([...new Set(routes)].sort());
    });

    it('answers fifty at once', async () => {
      const statuses = await Promise.all(
        Array.from({ length: 50 }, async (_, i) => {
          const seen = new Set<number>();
          for (let n = 0; n < 5; n++) seen.add((await ask(`/api/search?words=${i}+red+${n}&k=20`)).status);
          return [...seen];
        }),
      );
      expect(new Set(statuses.flat())).toEqual(new Set([200]));
    });

    it('survives requests that nobody sane sends, and answers none of them with a failure of its own', async () => {
      const { answers } = (await ask('/api/search?words=red&k=20')).body as { answers: { id: string }[] };
      const statuses = new Map<number, number>();
      const pages = new Set<string>();
      for (let seed = 0; seed < 500; seed++) {
        const response = await served.app.request(fuzzedRequest(seed, { ids: answers.map(({ id }) => id) }));
        statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
        const text = await response.text();
        if (response.headers.get('content-type')?.includes('html') && text !== '') pages.add(text);
      }
      expect(pages.size).toBe(1); // the page itself: nothing of a request is ever in HTML
      expect(served.failures).toEqual([]);
      expect([...statuses.keys()].filter((status) => status >= 500)).toEqual([]);
      expect(statuses.get(200)).toBeGreaterThan(20);
      expect(statuses.get(400)).toBeGreaterThan(20);
    });
  });
}
