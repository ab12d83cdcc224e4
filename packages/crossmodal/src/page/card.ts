/// <reference lib="dom" />
import type { VNode } from 'preact';
import type { Answer, Backend } from './backend.js';
import { html } from './html.js';

/** One answer: a picture, a player or a text, with its score and a way to what is similar. */
export function card(
  answer: Answer,
  { backend, onSimilar }: { backend: Backend; onSimilar: (answer: Answer) => void },
): VNode {
  const { kind, text, label, score, file } = answer;
  const name = text ?? file ?? kind;
  return html`
    <article class=${`card ${kind}`}>
      ${
        kind === 'image' &&
        html`
        <a href=${backend.fileOf(answer)} target="_blank" rel="noreferrer">
          <img src=${backend.previewOf(answer)} alt=${name} loading="lazy" decoding="async" width="160" height="160" />
        </a>`
      }
      ${kind === 'audio' && html`<audio controls preload="none" src=${backend.fileOf(answer)} aria-label=${name}></audio>`}
      ${text !== undefined && html`<p class="text">${text}</p>`}
      ${text === undefined && file !== undefined && html`<p class="text file">${file}</p>`}
      <p class="facts"><span class="score" title="cosine">${score.toFixed(3)}</span>${label !== undefined && html`<span class="tag">${label}</span>`}</p>
      <button type="button" onClick=${() => onSimilar(answer)} aria-label=${`Similar to ${name}`}>Similar</button>
    </article>`;
}
