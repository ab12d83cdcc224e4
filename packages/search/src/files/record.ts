import { crc32 } from 'node:zlib';
import { CrossmodalError } from '@crossmodal/core';
import type { Change } from '../exact/exact-store.js';
import type { Metadata } from '../vector-store.js';

/**
 * A record of a store's file, little endian: a head of 32 bytes (`CMVR`, kind, whether the change goes on in the next record,
 * bytes of JSON, bytes of vectors, CRC-32 of both, zeros, CRC-32 of the head), JSON in UTF-8 with spaces up to a multiple of 4 bytes, and
 * float32 vectors [items, dimension].
 */
export const headBytes = 32;
const magic = 0x52_56_4d_43;
const kinds = ['shape', 'upsert', 'delete'] as const;

export interface RecordHead {
  kind: (typeof kinds)[number];
  /** The change is whole only with the next record. */
  goesOn: boolean;
  jsonBytes: number;
  vectorBytes: number;
  checksum: number;
}

export function encodeRecord(
  kind: RecordHead['kind'],
  json: unknown,
  vectors: Uint8Array = new Uint8Array(0),
  goesOn = false,
): Uint8Array[] {
  const text = Buffer.from(JSON.stringify(json));
  const padded = Buffer.concat([text, Buffer.alloc((4 - (text.length % 4)) % 4, ' ')]);
  const head = Buffer.alloc(headBytes);
  head.writeUInt32LE(magic, 0);
  head.writeUInt16LE(kinds.indexOf(kind), 4);
  head.writeUInt16LE(goesOn ? 1 : 0, 6);
  head.writeUInt32LE(padded.length, 8);
  head.writeUInt32LE(vectors.length, 12);
  head.writeUInt32LE(crc32(vectors, crc32(padded)), 16);
  head.writeUInt32LE(crc32(head.subarray(0, 28)), 28);
  return [head, padded, vectors];
}

/** Undefined when the bytes are no head. */
export function decodeHead(bytes: Buffer): RecordHead | undefined {
  if (bytes.length < headBytes || bytes.readUInt32LE(0) !== magic) return undefined;
  if (bytes.readUInt32LE(28) !== crc32(bytes.subarray(0, 28))) return undefined;
  const kind = kinds[bytes.readUInt16LE(4)];
  if (!kind) return undefined;
  return {
    kind,
    goesOn: bytes.readUInt16LE(6) === 1,
    jsonBytes: bytes.readUInt32LE(8),
    vectorBytes: bytes.readUInt32LE(12),
    checksum: bytes.readUInt32LE(16),
  };
}

export function isIntact({ jsonBytes, checksum }: RecordHead, body: Uint8Array): boolean {
  return crc32(body.subarray(jsonBytes), crc32(body.subarray(0, jsonBytes))) === checksum;
}

// 16 MB of vectors: long records must be held whole, twice, while they are written and read.
const recordVectors = 2 ** 24;
const recordItems = 2 ** 16;

/** A change as records, of which a reader takes all or none. */
export function* encodeChange({ upsert, delete: ids }: Change): Generator<Uint8Array[]> {
  if (upsert) {
    const count = upsert.ids.length;
    const dimension = upsert.vectors.length / count;
    const share = Math.max(1, Math.min(recordItems, Math.floor(recordVectors / (4 * dimension))));
    for (let from = 0; from < count; from += share) {
      const to = Math.min(count, from + share);
      const { buffer, byteOffset } = upsert.vectors;
      const vectors = new Uint8Array(buffer, byteOffset + 4 * from * dimension, 4 * (to - from) * dimension);
      const json = { ids: upsert.ids.slice(from, to), metadata: upsert.metadata.slice(from, to) };
      yield encodeRecord('upsert', json, vectors, to < count || ids !== undefined);
    }
  }
  if (ids) yield encodeRecord('delete', { ids });
}

/** What a record of kind `upsert` or `delete` says. The vectors are a view of `body`. */
export function decodeChange(where: string, head: RecordHead, body: Uint8Array, dimension: number): Change {
  const json = JSON.parse(Buffer.from(body.buffer, body.byteOffset, head.jsonBytes).toString()) as {
    ids: string[];
    metadata?: Metadata[];
  };
  if (head.kind === 'delete') return { delete: json.ids };
  if (head.vectorBytes !== 4 * dimension * json.ids.length || json.metadata?.length !== json.ids.length) {
    throw new CrossmodalError(`${where} is damaged: ids, metadata and vectors are of different numbers`);
  }
  const at = body.byteOffset + head.jsonBytes;
  const vectors = new Float32Array(body.buffer, at, head.vectorBytes / 4);
  return { upsert: { ids: json.ids, metadata: json.metadata, vectors } };
}
