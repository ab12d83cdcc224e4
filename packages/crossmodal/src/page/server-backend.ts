import type { Answer, Backend, PageFilter } from './backend.js';

async function read<T>(response: Response): Promise<T> {
  const value = (await response.json().catch(() => ({}))) as T & { error?: string };
  if (!response.ok) throw new Error((value.error ?? `the server answered ${response.status}`).replace(/^\w+: /, ''));
  return value;
}

function parametersOf({ k, kind, label }: PageFilter): URLSearchParams {
  const parameters = new URLSearchParams({ k: String(k) });
  if (kind !== '') parameters.set('kind', kind);
  if (label !== '') parameters.set('label', label);
  return parameters;
}

/** Asks the HTTP API that served the page. */
export function serverBackend(): Backend {
  return {
    info: async () => read(await fetch('api/info')),
    async search(query, filter, signal) {
      const parameters = parametersOf(filter);
      let response: Promise<Response>;
      if ('file' in query) {
        const { file } = query;
        const type = /^(image|audio)\//.test(file.type) ? file.type : 'image/unknown';
        response = fetch(`api/search?${parameters}`, {
          method: 'POST',
          body: file,
          headers: { 'content-type': type },
          signal,
        });
      } else {
        if ('words' in query) parameters.set('words', query.words);
        else parameters.set('like', query.like.id);
        response = fetch(`api/search?${parameters}`, { signal });
      }
      return (await read<{ answers: Answer[] }>(await response)).answers;
    },
    previewOf: ({ id }) => `api/items/${encodeURIComponent(id)}/preview`,
    fileOf: ({ id }) => `api/items/${encodeURIComponent(id)}/file`,
  };
}
