import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { CrossmodalError } from '@crossmodal/core';
import { writeAtomically } from '@crossmodal/core/safetensors/files';
import sharp from 'sharp';
import { SearchService } from '../collection/search-service.js';
import { exportModel } from '../model/export-model.js';
import { pageFiles } from '../server/page-files.js';

/** An item of the site: what its page shows, and the names of its files. */
export interface SiteItem {
  id: string;
  kind: string;
  text?: string;
  label?: string;
  /** Below `media/`: the small picture, or the recording. */
  media?: string;
}

const side = 320;

/**
 * Writes a search page that needs no server of ours: the ONNX files of the model, the vectors, small pictures and recordings, and
 * ONNX Runtime for browsers.
 *
 * @returns how many vectors it holds
 * @throws CrossmodalError when onnxruntime-web is not installed, or the encoders were not trained from scratch
 */
export async function exportSite(
  out: string,
  { index, signal }: { index: string; signal: AbortSignal },
): Promise<number> {
  const runtime = runtimeFolder();
  const service = await SearchService.open(index);
  try {
    const { model } = service;
    const described = await exportModel(join(out, 'model'), model);
    for (const [modality, { encoder }] of Object.entries(described)) {
      if (encoder['format'] !== 'crossmodal') {
        throw new CrossmodalError(
          `export: the ${modality} encoder is ${String(encoder['model_type'] ?? 'pretrained')}, whose input the page cannot make`,
          {
            remedy: 'a site needs a model that was trained from scratch; use crossmodal serve',
          },
        );
      }
    }
    const items: SiteItem[] = [];
    const vectors: Float32Array[] = [];
    for await (const { id, vector, metadata } of service.store.items()) {
      signal.throwIfAborted();
      const { kind, text, label } = metadata;
      const media =
        kind === 'text' ? undefined : await copiedMedia(await service.fileOf(id), { out, id, kind: String(kind) });
      items.push({
        id,
        kind: String(kind),
        ...(text === undefined ? {} : { text: String(text) }),
        ...(label === undefined ? {} : { label: String(label) }),
        ...(media === undefined ? {} : { media }),
      });
      vectors.push(vector);
    }
    await write(
      join(out, 'vectors.f32'),
      vectors.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)),
    );
    await write(
      join(out, 'items.json'),
      JSON.stringify({ dimension: model.dimension, modalities: model.modalities, items }),
    );
    const { html, style, script } = await pageFiles('site');
    for (const [name, content] of Object.entries({ 'index.html': html, 'page.css': style, 'page.js': script }))
      await write(join(out, name), content);
    for (const name of ['ort.wasm.min.mjs', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm']) {
      await write(join(out, 'runtime', name), await readFile(join(runtime, name)));
    }
    return items.length;
  } finally {
    await service.close();
  }
}

/** A site is written anew where it is lost: nothing is flushed, of what may be thousands of pictures. */
const write = (path: string, content: Parameters<typeof writeAtomically>[1]) =>
  writeAtomically(path, content, { where: 'export', durable: false });

/** The small picture or the recording of an item, copied under a plain name; undefined when there is none to show. */
async function copiedMedia(
  path: string | undefined,
  { out, id, kind }: { out: string; id: string; kind: string },
): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const name = kind === 'image' ? `${id}.webp` : `${id}${extname(path).toLowerCase()}`;
  if (kind === 'image') {
    const preview = sharp(await readFile(path))
      .rotate()
      .resize(side, side, { fit: 'inside', withoutEnlargement: true });
    await write(join(out, 'media', name), await preview.webp({ quality: 80 }).toBuffer());
  } else await write(join(out, 'media', name), await readFile(path));
  return name;
}

function runtimeFolder(): string {
  try {
    return dirname(createRequire(import.meta.url).resolve('onnxruntime-web'));
  } catch (cause) {
    throw new CrossmodalError('export: onnxruntime-web is not installed', {
      remedy: 'npm install onnxruntime-web@1.30',
      cause,
    });
  }
}
