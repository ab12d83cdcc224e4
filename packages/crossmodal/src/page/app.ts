/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { h, render, type VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Answer, Backend, PageInfo, PageQuery } from './backend.js';
import { card } from './card.js';
import { html } from './html.js';

const firstAnswers = 40;
const mostAnswers = 1000;
const names: Readonly<Record<string, string>> = { image: 'Pictures', audio: 'Recordings', text: 'Texts' };

/** Shows the page in an element. */
export function mount(element: HTMLElement, backend: Backend): void {
  render(h(App, { backend }), element);
}

type State =
  | { is: 'start' }
  | { is: 'searching'; answers: Answer[] }
  | { is: 'found'; query: PageQuery; answers: Answer[]; complete: boolean }
  | { is: 'failed'; message: string };

function App({ backend }: { backend: Backend }): VNode {
  const [info, setInfo] = useState<PageInfo>();
  const [words, setWords] = useState('');
  const [query, setQuery] = useState<PageQuery>();
  const [filter, setFilter] = useState({ k: firstAnswers, kind: '', label: '' });
  const [state, setState] = useState<State>({ is: 'start' });
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);

  useEffect(() => {
    backend.info().then(setInfo, (error: Error) => setState({ is: 'failed', message: error.message }));
    input.current?.focus();
  }, []);
  useEffect(() => {
    if (!query) return undefined;
    const stop = new AbortController();
    setState((before) => ({ is: 'searching', answers: 'answers' in before ? before.answers : [] }));
    backend.search(query, filter, stop.signal).then(
      (answers) => {
        if (!stop.signal.aborted)
          setState({ is: 'found', query, answers, complete: answers.length < filter.k || filter.k >= mostAnswers });
      },
      (error: Error) => {
        if (!stop.signal.aborted) setState({ is: 'failed', message: error.message });
      },
    );
    return () => stop.abort();
  }, [query, filter]);

  const ask = (next: PageQuery) => {
    setFilter((before) => ({ ...before, k: firstAnswers }));
    setQuery(next);
  };
  const askFile = (files: FileList | null | undefined) => {
    const file = files?.[0];
    if (file) ask({ file });
  };
  const submit = (event: Event) => {
    event.preventDefault();
    if (words.trim() !== '') ask({ words });
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    askFile(event.dataTransfer?.files);
  };
  const similar = (answer: Answer) => {
    ask({ like: answer });
    globalThis.scrollTo({ top: 0 });
  };
  const change = (name: 'kind' | 'label') => (event: Event) =>
    setFilter((before) => ({ ...before, k: firstAnswers, [name]: (event.target as HTMLSelectElement).value }));
  const accepts = (info?.modalities ?? []).flatMap((name) => (name === 'text' ? [] : [`${name}/*`])).join(',');
  const answers = 'answers' in state ? state.answers : [];

  return html`
    <div
      class=${over ? 'page over' : 'page'}
      onDragOver=${(event: DragEvent) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave=${(event: DragEvent) => {
        if (event.relatedTarget === null) setOver(false);
      }}
      onDrop=${drop}
    >
      <header>
        <h1>Crossmodal search</h1>
        <form role="search" onSubmit=${submit}>
          <label class="hidden" for="words">Words to look for</label>
          <input id="words" ref=${input} type="search" autocomplete="off" maxlength="1000" placeholder="Words, or drop a file here"
            value=${words} onInput=${(event: Event) => setWords((event.target as HTMLInputElement).value)} />
          <button type="submit" class="main">Search</button>
          <label class="button" for="file">Search by a file</label>
          <input id="file" class="hidden" type="file" accept=${accepts}
            onChange=${(event: Event) => {
              const target = event.target as HTMLInputElement;
              askFile(target.files);
              target.value = '';
            }} />
        </form>
        <div class="filters">
          <label>Show
            <select id="kind" value=${filter.kind} onChange=${change('kind')}>
              <option value="">what fits</option>
              ${(info?.modalities ?? []).map((name) => html`<option value=${name}>${names[name] ?? name}</option>`)}
            </select>
          </label>
          ${
            (info?.labels.length ?? 0) > 0 &&
            html`
            <label>Label
              <select id="label" value=${filter.label} onChange=${change('label')}>
                <option value="">all</option>
                ${info?.labels.map((name) => html`<option value=${name}>${name}</option>`)}
              </select>
            </label>`
          }
        </div>
        <p class=${state.is === 'failed' ? 'status error' : 'status'} role="status" aria-live="polite">${statusOf(state, info)}</p>
      </header>
      <main aria-busy=${state.is === 'searching'}>
        <ol class="answers" aria-label="Answers">
          ${answers.map((answer) => html`<li key=${answer.id}>${card(answer, { backend, onSimilar: similar })}</li>`)}
        </ol>
        ${
          state.is === 'found' &&
          !state.complete &&
          html`
          <button type="button" class="more" onClick=${() => setFilter((before) => ({ ...before, k: Math.min(mostAnswers, 2 * before.k) }))}>More</button>`
        }
      </main>
    </div>`;
}

function statusOf(state: State, info: PageInfo | undefined): string {
  switch (state.is) {
    case 'start':
      return info
        ? `${info.items.toLocaleString('en-US')} vectors of ${info.modalities.map((name) => (names[name] ?? name).toLowerCase()).join(', ')}`
        : 'Loading';
    case 'searching':
      return 'Searching';
    case 'failed':
      return `That did not work: ${state.message}`;
    case 'found': {
      const count = state.answers.length === 0 ? 'Nothing' : `${state.answers.length} nearest`;
      const { query } = state;
      if ('words' in query) return `${count} for “${query.words.trim()}”`;
      if ('file' in query) return `${count} for the file ${query.file.name}`;
      return `${count} like ${query.like.text === undefined ? (query.like.file ?? 'this') : `“${query.like.text}”`}`;
    }
  }
}
