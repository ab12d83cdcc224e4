/// <reference lib="dom" />
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import type { ExportedInput } from '../model/export-model.js';
import type { SiteItem } from '../site/export-site.js';
import type { Answer, Backend, PageFilter, PageQuery } from './backend.js';
import { audioInput, imageInput, type SiteInput, textInputs } from './site-inputs.js';

interface Runtime {
  InferenceSession: { create(path: string): Promise<InferenceSession> };
  Tensor: new (type: string, data: Float32Array | Int32Array, shape: number[]) => Tensor;
  env: { wasm: { numThreads: number } };
}

interface Contents {
  dimension: number;
  modalities: string[];
  items: SiteItem[];
}

async function json<T>(path: string): Promise<T> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path} is missing from the site`);
  return (await response.json()) as T;
}

/** Searches in the browser: encoders by ONNX Runtime, vectors by a scan over all of them. */
export function siteBackend(): Backend {
  const contents = json<Contents>('items.json');
  const vectors = fetch('vectors.f32').then(async (response) => new Float32Array(await response.arrayBuffer()));
  const described = json<{ modalities: Record<string, ExportedInput> }>('model/preprocessing.json');
  const runtime = import(new URL('runtime/ort.wasm.min.mjs', location.href).href) as Promise<Runtime>;
  const sessions = new Map<string, Promise<InferenceSession>>();

  const embed = async (modality: string, inputs: Record<string, SiteInput>): Promise<Float32Array> => {
    const { InferenceSession, Tensor, env } = await runtime;
    env.wasm.numThreads = 1; // several need headers that a plain web server does not send
    let session = sessions.get(modality);
    if (!session) {
      session = InferenceSession.create(`model/${modality}.onnx`);
      sessions.set(modality, session);
    }
    const feeds = Object.entries(inputs).map(([name, { data, shape }]) => [
      name,
      new Tensor(data instanceof Int32Array ? 'int32' : 'float32', data, [1, ...shape]),
    ]);
    const { embedding } = await (await session).run(Object.fromEntries(feeds));
    return (embedding as Tensor).data as Float32Array;
  };
  const optionsOf = async (modality: string) => {
    const found = (await described).modalities[modality];
    if (!found) throw new Error(`the model knows no ${modality}`);
    return found.encoder['options'] as Record<string, unknown>;
  };
  const queryVector = async (query: PageQuery): Promise<Float32Array> => {
    if ('like' in query) {
      const { items, dimension } = await contents;
      const row = items.findIndex(({ id }) => id === query.like.id);
      return (await vectors).subarray(row * dimension, (row + 1) * dimension);
    }
    if ('words' in query) {
      const options = await optionsOf('text');
      const inputs = textInputs(await json('model/text/tokenizer.json'), options);
      return embed('text', inputs(query.words));
    }
    const modality = query.file.type.startsWith('audio/') ? 'audio' : 'image';
    const options = await optionsOf(modality);
    return embed(modality, await (modality === 'audio' ? audioInput : imageInput)(query.file, options));
  };
  let items = new Map<string, SiteItem>();
  const mediaOf = ({ id }: Answer) => `media/${items.get(id)?.media ?? ''}`;

  return {
    async info() {
      const { modalities, items: all } = await contents;
      items = new Map(all.map((item) => [item.id, item]));
      const labels = [...new Set(all.flatMap(({ label }) => (label === undefined ? [] : [label])))].sort();
      return { items: all.length, modalities, labels: labels.length > 200 ? [] : labels };
    },
    async search(query, filter) {
      const { items: all, dimension } = await contents;
      const own = 'like' in query ? query.like.id : undefined;
      const accepts = ({ id, kind, label }: SiteItem) =>
        id !== own &&
        (filter.kind === '' ? !('words' in query) || kind !== 'text' : kind === filter.kind) &&
        (filter.label === '' || label === filter.label);
      return nearest(await queryVector(query), await vectors, { items: all, dimension, accepts, k: filter.k });
    },
    previewOf: mediaOf,
    fileOf: mediaOf,
  };
}

/** The k items whose unit vectors are nearest to a unit vector, best first; of equal scores, the smaller id first. */
function nearest(
  query: Float32Array,
  vectors: Float32Array,
  {
    items,
    dimension,
    accepts,
    k,
  }: { items: SiteItem[]; dimension: number; accepts: (item: SiteItem) => boolean; k: PageFilter['k'] },
): Answer[] {
  const scored: { row: number; score: number }[] = [];
  items.forEach((item, row) => {
    if (!accepts(item)) return;
    let score = 0;
    for (let d = 0, at = row * dimension; d < dimension; d++)
      score += (query[d] as number) * (vectors[at + d] as number);
    scored.push({ row, score });
  });
  scored.sort((a, b) => b.score - a.score || ((items[a.row] as SiteItem).id < (items[b.row] as SiteItem).id ? -1 : 1));
  return scored.slice(0, k).map(({ row, score }) => {
    const { id, kind, text, label } = items[row] as SiteItem;
    return {
      id,
      kind: kind as Answer['kind'],
      score,
      ...(text === undefined ? {} : { text }),
      ...(label === undefined ? {} : { label }),
    };
  });
}
