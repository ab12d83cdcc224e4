import { CrossmodalError } from '@crossmodal/core';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import { secureHeaders } from 'hono/secure-headers';
import pLimit from 'p-limit';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { SearchService } from '../collection/search-service.js';
import { checkPicture } from './check-upload.js';
import { fileResponse, Previews } from './files.js';
import type { ServerLimits } from './limits.js';
import { openApiDocument } from './openapi.js';
import { queryOf, searchParameters } from './parameters.js';

export interface AppOptions {
  service: SearchService;
  limits: ServerLimits;
  /** The script of the page. */
  script: string;
  /** The page. */
  html: string;
  style: string;
  /** Names that a browser may call the server by; any when undefined. Guards against names that others point at this machine. */
  hosts?: ReadonlySet<string>;
  /** The address of a caller. */
  addressOf: (context: Context) => string;
  /** Told of failures that are no fault of the caller. */
  onError: (error: unknown) => void;
}

/** The HTTP API and the page, as a function from requests to responses. */
export function createApp({ service, limits, script, html, style, hosts, addressOf, onError }: AppOptions): Hono {
  const app = new Hono();
  const limiter = new RateLimiterMemory({ points: limits.requestsPerMinute, duration: 60 });
  const previews = new Previews();
  // A file of a few bytes can take much memory when it is decoded: a third waits.
  const decoding = pLimit(2);
  let info: Promise<object> | undefined;

  app.use(
    secureHeaders({
      // The policy of a file, which is stricter, stays.
      overwrite: false,
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'blob:', 'data:'],
        mediaSrc: ["'self'", 'blob:'],
        connectSrc: ["'self'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
      },
    }),
  );
  app.use(async (context, next) => {
    const host = (context.req.header('host') ?? '').replace(/:\d+$/, '').toLowerCase();
    if (hosts && !hosts.has(host))
      throw new HTTPException(421, { message: 'this server does not answer to that name' });
    await next();
  });
  app.use('/api/*', async (context, next) => {
    try {
      await limiter.consume(addressOf(context));
    } catch {
      throw new HTTPException(429, { message: `more than ${limits.requestsPerMinute} requests in a minute` });
    }
    await next();
  });

  app.get('/api/openapi.json', (context) => context.json(openApiDocument(limits)));
  app.get('/api/info', async (context) => {
    info ??= Promise.all([service.count(), service.labels()]).then(([items, labels]) => ({
      items,
      labels,
      dimension: service.collection.dimension,
      modalities: service.modalities,
      uploadBytes: limits.uploadBytes,
    }));
    return context.json(await info);
  });
  app.get('/api/search', async (context) => {
    const parameters = context.req.query();
    const request = searchParameters(parameters);
    return context.json({ answers: await service.search(queryOf(parameters), request) });
  });
  app.post(
    '/api/search',
    bodyLimit({
      maxSize: limits.uploadBytes,
      onError: () => {
        const most = (limits.uploadBytes / 2 ** 20).toFixed(1).replace('.0', '');
        throw new HTTPException(413, { message: `a file may have at most ${most} MB` });
      },
    }),
    async (context) => {
      const request = searchParameters(context.req.query());
      const type = context.req.header('content-type') ?? '';
      const kind = /^(image|audio)\//.exec(type)?.[1] as 'image' | 'audio' | undefined;
      if (!kind) throw new HTTPException(415, { message: 'the Content-Type must be image/* or audio/*' });
      const bytes = new Uint8Array(await context.req.arrayBuffer());
      if (bytes.length === 0) throw new CrossmodalError('search: the file is empty');
      const answers = await decoding(async () => {
        if (kind === 'image') await checkPicture(bytes);
        return service.search(kind === 'image' ? { image: bytes } : { audio: bytes }, request);
      });
      return context.json({ answers });
    },
  );
  const nothing = () => new HTTPException(404, { message: 'there is no such file' });
  app.get('/api/items/:id/file', async (context) => {
    const path = await service.fileOf(context.req.param('id'));
    // Hono runs this for HEAD as well, and drops the body.
    const head = context.req.method === 'HEAD';
    const response = path === undefined ? undefined : await fileResponse(path, context.req.header('range'), { head });
    if (!response) throw nothing();
    return response;
  });
  app.get('/api/items/:id/preview', async (context) => {
    const path = await service.fileOf(context.req.param('id'));
    const preview = path === undefined ? undefined : await previews.of(path);
    if (!preview) throw nothing();
    return context.body(new Uint8Array(preview), 200, {
      'content-type': 'image/webp',
      'cache-control': 'private, max-age=3600',
    });
  });
  app.get('/', (context) => context.html(html));
  app.get('/page.js', (context) => context.body(script, 200, { 'content-type': 'text/javascript; charset=utf-8' }));
  app.get('/page.css', (context) => context.body(style, 200, { 'content-type': 'text/css; charset=utf-8' }));

  app.notFound((context) => context.json({ error: 'there is nothing at this address' }, 404));
  app.onError((error, context) => {
    if (error instanceof HTTPException) return context.json({ error: error.message }, error.status);
    if (CrossmodalError.isInstance(error)) return context.json({ error: error.message }, 400);
    onError(error);
    return context.json({ error: 'the server failed to answer' }, 500);
  });
  return app;
}
