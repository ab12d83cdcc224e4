import { Random } from '@crossmodal/core';

const strange = [
  '',
  ' ',
  '0',
  '-1',
  '1e9',
  'NaN',
  'null',
  '../../etc/passwd',
  '%00',
  '\u0000',
  '\u{1f600}'.repeat(50),
  'a'.repeat(5000),
  "' OR 1=1 --",
  '<script>alert(1)</script>',
  '{"and":[]}',
  'é',
  '\ud800',
  '[object Object]',
  'image',
  '20',
];
const names = ['words', 'like', 'k', 'kind', 'label', 'split', 'filter', '__proto__', 'constructor', 'k[]'];
const paths = [
  '/api/search',
  '/api/info',
  '/api/items/x/file',
  '/api/items/x/preview',
  '/api/openapi.json',
  '/',
  '/page.js',
  '/api',
  '//',
  '/api/items//file',
  '/api/search/',
];
const methods = ['GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'];
const types = ['image/png', 'audio/wav', 'image/svg+xml', 'application/json', 'text/plain', 'audio/mpeg', '', 'image/'];
const heads = [
  '',
  '\x89PNG\r\n\x1a\n',
  'RIFF\x24\x00\x00\x00WAVEfmt ',
  'ID3\x03\x00',
  'fLaC',
  'OggS',
  '\xff\xd8\xff\xe0',
  '<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>',
  'GIF89a',
];

/** A request that nobody sane sends. */
export function fuzzedRequest(seed: number, { ids }: { ids: readonly string[] }): Request {
  const random = new Random(seed).fork('fuzz');
  const one = <T>(list: readonly T[]): T => list[random.integer(list.length)] as T;
  const method = random.uniform() < 0.8 ? one(['GET', 'POST']) : one(methods);
  let path = random.uniform() < 0.5 ? '/api/search' : one(paths);
  if (path.includes('/x/'))
    path = path.replace('x', encodeURIComponent(random.uniform() < 0.5 ? one(ids) : wellFormed(one(strange))));
  const query = new URLSearchParams();
  for (let i = random.integer(4); i > 0; i--)
    query.append(one(names), random.uniform() < 0.3 ? one(ids) : wellFormed(one(strange)));
  const headers = new Headers({ host: random.uniform() < 0.95 ? 'localhost' : 'elsewhere' });
  if (random.uniform() < 0.3)
    headers.set(
      'range',
      one(['bytes=0-', 'bytes=5-1', 'bytes=-5', 'bytes=99999999-', 'bytes=a-b', 'lines=1-2', 'bytes=0-0,2-3']),
    );
  let body: Uint8Array | undefined;
  if (method !== 'GET' && method !== 'HEAD') {
    headers.set('content-type', one(types));
    const noise = Uint8Array.from({ length: random.integer(random.uniform() < 0.05 ? 250_000 : 600) }, () =>
      random.integer(256),
    );
    body = Buffer.concat([Buffer.from(one(heads), 'latin1'), noise]);
  }
  return new Request(`http://localhost${path}?${query}`, {
    method,
    headers,
    ...(body ? { body: new Uint8Array(body) } : {}),
  });
}

function wellFormed(text: string): string {
  return text.replace(/[\ud800-\udfff]/g, '\ufffd');
}
