import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { notWritten, syncFolder, writeAtomically } from '../../checkpoint/atomic-write.js';
import { CrossmodalError } from '../../errors.js';
import { assertKnownOptions } from '../../known-options.js';
import { type HubCache, hubCache, isCommit, usualCacheFolder } from './hub-cache.js';
import { fetchHubFile, type HubFile, type Problem, pause, refusal } from './hub-file.js';

export interface HubFolderOptions {
  /**
   * Branch, tag or commit. With a commit, a folder that is there is used without asking the hub.
   * @default 'main'
   */
  revision?: string;
  /**
   * Where models are kept; CROSSMODAL_HUB_CACHE, or `~/.cache/crossmodal/hub`, unless given.
   * @default usualCacheFolder()
   */
  cacheFolder?: string;
  /**
   * For private and gated models; HF_TOKEN unless given.
   * @default process.env['HF_TOKEN']
   */
  token?: string;
  /**
   * Nothing is asked of the network: the model must be in the cache. True where HF_HUB_OFFLINE is 1.
   * @default process.env['HF_HUB_OFFLINE'] === '1'
   */
  offline?: boolean;
  /**
   * Address of the hub; HF_ENDPOINT, or https://huggingface.co, unless given.
   * @default process.env['HF_ENDPOINT'] ?? 'https://huggingface.co'
   */
  endpoint?: string;
  /**
   * Which files are fetched, by their paths; what `load...Encoder` and `openWeights` can use unless given. Each choice of files has
   * a folder of its own.
   */
  files?: (path: string) => boolean;
  /**
   * Milliseconds without a byte before a connection is given up.
   * @default 30_000
   */
  timeout?: number;
  /**
   * Times that a broken connection is taken up again.
   * @default 4
   */
  retries?: number;
  /** @default () => {} */
  progress?: (state: { path: string; received: number; size: number }) => void;
}

type Filter = HubFolderOptions['files'];

const optionNames: Record<keyof HubFolderOptions, true> = {
  revision: true,
  cacheFolder: true,
  token: true,
  offline: true,
  endpoint: true,
  files: true,
  timeout: true,
  retries: true,
  progress: true,
};

/**
 * The folder of a model of the Hugging Face hub, fetched where it is not in the cache yet. Nothing else of this package asks
 * the network. Each file is fetched under another name, taken up again where a connection broke, and compared with the
 * checksum of the hub; the folder appears under its name when all of its files are right.
 *
 * @param name `organisation/model`
 * @returns path of the folder, for `loadTextEncoder` and the like
 * @throws CrossmodalError when there is no such model or revision, it needs a token, the hub is out of order, a file does not
 *   come whole or has another checksum; and offline when it is not in the cache
 * @see https://huggingface.co/docs/hub/api
 * @example
 * const encoder = await loadTextEncoder(await hubFolder('sentence-transformers/all-MiniLM-L6-v2', { revision: 'main' }));
 */
export async function hubFolder(name: string, options: HubFolderOptions = {}): Promise<string> {
  assertKnownOptions('hubFolder', options, optionNames);
  const {
    revision = 'main', // the hub's usual branch
    cacheFolder = usualCacheFolder(),
    token = process.env['HF_TOKEN'],
    offline = process.env['HF_HUB_OFFLINE'] === '1',
    endpoint = process.env['HF_ENDPOINT'] ?? 'https://huggingface.co',
    files,
    timeout = 30_000,
    retries = 4,
    progress = () => {},
  } = options;
  const cache = hubCache(cacheFolder, name, revision);
  if (offline) return cachedFolder(cache, { name, revision, files });
  if (isCommit(revision)) {
    const before = await snapshotOf(cache, revision, files);
    if (before !== undefined) return before;
  }
  const hub = { name, endpoint: endpoint.replace(/\/$/, ''), token, timeout, retries };
  const commit = await commitOf(hub, revision);
  const snapshot =
    (await snapshotOf(cache, commit, files)) ?? (await fetchSnapshot(hub, cache, { commit, files, progress }));
  if (!isCommit(revision)) await writeAtomically(cache.reference(revision), [Buffer.from(commit)]);
  return snapshot;
}

async function fetchSnapshot(
  hub: Hub,
  cache: HubCache,
  { commit, files, progress }: Required<Pick<HubFolderOptions, 'progress'>> & { commit: string; files: Filter },
): Promise<string> {
  const { name, endpoint, token, timeout, retries } = hub;
  const list = await listOf(hub, commit);
  const wanted = selected(list, files);
  const chosen = files && wanted.map(({ path }) => path);
  const [snapshot, partial] = [cache.snapshot(commit, chosen), cache.partial(commit, chosen)];
  try {
    await mkdir(partial, { recursive: true }).catch((error) => {
      throw notWritten(`hubFolder: ${partial}`, error);
    });
    for (const file of wanted) {
      await fetchHubFile(file, {
        url: `${endpoint}/${name}/resolve/${commit}/${file.path.split('/').map(encodeURIComponent).join('/')}`,
        to: join(partial, file.path),
        ...{ token, timeout, retries },
        progress: (received) => progress({ path: file.path, received, size: file.size }),
      });
    }
    await writeAtomically(cache.list(commit), [Buffer.from(JSON.stringify(list.map(({ path }) => path)))]);
    await syncFolder(partial);
    await rename(partial, snapshot);
  } catch (error) {
    // Another process that fetches the same model may have been faster: then its folder is whole, and what is here is left over.
    if (!(await isFolder(snapshot))) throw notWritten(`hubFolder: ${snapshot}`, error);
    await rm(partial, { recursive: true, force: true }).catch(() => {});
  }
  return snapshot;
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}

/** The folder of a commit in the cache. Which files a filter chooses is known where all of their paths are. */
async function snapshotOf(cache: HubCache, commit: string, files: Filter): Promise<string | undefined> {
  let chosen: string[] | undefined;
  if (files) {
    const paths = await readFile(cache.list(commit), 'utf8')
      .then((text) => JSON.parse(text) as string[])
      .catch(() => undefined);
    if (paths === undefined) return undefined;
    chosen = selected(
      paths.map((path) => ({ path })),
      files,
    ).map(({ path }) => path);
  }
  const snapshot = cache.snapshot(commit, chosen);
  return (await isFolder(snapshot)) ? snapshot : undefined;
}

async function cachedFolder(
  cache: HubCache,
  { name, revision, files }: { name: string; revision: string; files: Filter },
): Promise<string> {
  const commit = isCommit(revision)
    ? revision
    : await readFile(cache.reference(revision), 'utf8').catch(() => undefined);
  const snapshot = commit !== undefined && isCommit(commit) ? await snapshotOf(cache, commit, files) : undefined;
  if (snapshot !== undefined) return snapshot;
  throw new CrossmodalError(
    `hubFolder: ${name} at ${revision} is not in the cache ${cache.folder}, and offline is set`,
    {
      remedy: 'call once without offline where there is a network',
    },
  );
}

interface Hub {
  name: string;
  endpoint: string;
  token: string | undefined;
  timeout: number;
  retries: number;
}

/** The client of the hub, loaded when it is first needed. */
async function client({ endpoint, token, timeout }: Hub) {
  const library = await import('@huggingface/hub');
  // The client takes tokens of huggingface.co only; mirrors have others.
  const authorization: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  const own: typeof fetch = (input, init) =>
    fetch(input, {
      ...init,
      headers: { ...(init?.headers as Record<string, string>), ...authorization },
      signal: AbortSignal.timeout(timeout),
    });
  return { library, common: { hubUrl: endpoint, fetch: own } };
}

async function commitOf(hub: Hub, revision: string): Promise<string> {
  const { library, common } = await client(hub);
  const info = await answered(hub, library, () =>
    library.modelInfo({ ...common, name: hub.name, revision, additionalFields: ['sha'] }),
  );
  if (typeof info.sha !== 'string' || !isCommit(info.sha)) {
    throw new CrossmodalError(`hubFolder: ${hub.endpoint} says no commit of ${hub.name} at ${revision}`);
  }
  return info.sha;
}

async function listOf(hub: Hub, commit: string): Promise<HubFile[]> {
  const { library, common } = await client(hub);
  return answered(hub, library, async () => {
    const found: HubFile[] = [];
    for await (const entry of library.listFiles({ ...common, repo: hub.name, revision: commit, recursive: true })) {
      if (entry.type !== 'file') continue;
      const { path, size } = entry;
      const parts = path.split('/');
      if (
        path.includes('\\') ||
        path.includes('\0') ||
        parts.some((part) => part === '' || part === '.' || part === '..')
      ) {
        throw new CrossmodalError(
          `hubFolder: ${hub.name} has a file whose name leads elsewhere: ${JSON.stringify(path)}`,
        );
      }
      const value = entry.lfs?.oid ?? entry.oid;
      if (typeof value !== 'string' || !/^[0-9a-f]{40,64}$/.test(value) || !Number.isSafeInteger(size)) {
        throw new CrossmodalError(`hubFolder: the list of files of ${hub.name} has no checksum or size of ${path}`);
      }
      found.push({ path, size, checksum: { kind: entry.lfs ? 'sha256' : 'git', value } });
    }
    return found;
  });
}

/** Asks again where that may help, and says in our words what the client of the hub throws. */
async function answered<T>(
  { name, endpoint, retries }: Hub,
  { HubApiError }: typeof import('@huggingface/hub'),
  ask: () => Promise<T>,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (CrossmodalError.isInstance(error)) throw error;
      const problem = error instanceof HubApiError ? refusal(error.statusCode) : silence(endpoint, error as Error);
      if (problem.final || attempt >= retries) {
        throw new CrossmodalError(`hubFolder: ${name}: ${problem.text}`, { remedy: problem.remedy, cause: error });
      }
      await pause(attempt);
    }
  }
}

function silence(endpoint: string, { message, cause }: Error): Problem {
  const detail = cause instanceof Error ? `: ${cause.message}` : '';
  return {
    text: `${endpoint} does not answer (${message}${detail})`,
    final: false,
    remedy: 'check the network, or pass { offline: true } to use the cache',
  };
}

/** Weights of other libraries, and copies in other formats, are left where they are. */
const usable = /(^|\/)[^/]+\.(json|txt|model|md|safetensors)$|(^|\/)LICENSE[^/]*$/;
const pickled = /^[^/]*\.(bin|pth|pt)$/;

/** @throws CrossmodalError when nothing is left */
function selected<T extends { readonly path: string }>(list: readonly T[], files: Filter): T[] {
  const safe = list.some(({ path }) => path.endsWith('.safetensors'));
  const isUsable = (path: string) =>
    !path.split('/').some((part) => part.startsWith('.')) &&
    !/^(onnx|openvino|coreml)\//.test(path) &&
    (usable.test(path) ||
      (!safe && pickled.test(path) && !/^(training_args|optimizer|scheduler|rng_state)/.test(path)));
  const wanted = list.filter(({ path }) => (files ?? isUsable)(path));
  if (wanted.length === 0) {
    throw new CrossmodalError(`hubFolder: none of the ${list.length} files of the model is wanted`, {
      remedy: 'pass options.files to choose others',
    });
  }
  return wanted;
}
