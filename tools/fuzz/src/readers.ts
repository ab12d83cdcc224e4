import { manifest, readIdx, readNpy, sampleRow, tarShards } from '@crossmodal/core/data';
import { readSafetensors } from '@crossmodal/core/safetensors/files';
import { readWav } from '@crossmodal/encoders-audio';
import { decodeImage } from '@crossmodal/encoders-vision';
import type { Kind } from './specimens.js';

type Reader = (path: string) => Promise<unknown>;

async function consume(items: AsyncIterable<unknown>): Promise<void> {
  for await (const item of items) void item;
}

const table: Reader = (path) => consume(manifest(path).iterate(0));
const shards: Reader = (path) => consume(tarShards(path).map(sampleRow()).iterate(0));
const image: Reader = (path) => decodeImage(path, { size: 64 });
const idx: Reader = (path) => readIdx(path, { maximum: 2 ** 26 });

/** What a program of ours does with a file of each kind, to its end. */
export const readers: Record<Kind, Reader> = {
  csv: table,
  tsv: table,
  jsonl: table,
  tar: shards,
  'tar.gz': shards,
  npy: (path) => readNpy(path, { maximum: 2 ** 26 }),
  idx,
  'idx.gz': idx,
  safetensors: readSafetensors,
  png: image,
  jpg: image,
  webp: image,
  gif: image,
  svg: image,
  wav: readWav,
};
