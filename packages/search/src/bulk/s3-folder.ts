import type * as s3 from '@aws-sdk/client-s3';
import { assertKnownOptions, CrossmodalError } from '@crossmodal/core';
import { loadPeer } from '../peers.js';
import type { BlobFolder } from './blob-folder.js';

export interface S3FolderOptions {
  bucket: string;
  /**
   * What all keys begin with; names are what follows.
   * @default ''
   */
  prefix?: string;
  /** Address of a server other than Amazon's. */
  endpoint?: string;
  /** @default 'us-east-1' */
  region?: string;
  /** Keys; by default from the environment or the usual files. */
  credentials?: { accessKeyId: string; secretAccessKey: string };
}

const known: Record<keyof S3FolderOptions, true> = {
  bucket: true,
  prefix: true,
  endpoint: true,
  region: true,
  credentials: true,
};

/**
 * The files of a bucket of S3, or of what speaks its protocol. An object is there whole or not at all.
 *
 * @throws CrossmodalError when @aws-sdk/client-s3 is not installed; later, what the server refuses
 * @example
 * const photos = s3Folder({ bucket: 'photos', prefix: '2024/' });
 */
export function s3Folder(options: S3FolderOptions): BlobFolder {
  assertKnownOptions('s3Folder', options, known);
  const { bucket, prefix = '', endpoint, region = 'us-east-1', credentials } = options;
  const { S3Client, GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand } = loadPeer<typeof s3>(
    's3Folder',
    '@aws-sdk/client-s3',
    'npm install @aws-sdk/client-s3@3',
  );
  const client = new S3Client({
    region,
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(credentials ? { credentials } : {}),
  });
  const label = `s3://${bucket}/${prefix}`;
  const refuse = (name: string, cause: unknown): never => {
    const { name: kind, message } = cause as Error;
    const missing = kind === 'NoSuchKey' || kind === 'NotFound';
    throw new CrossmodalError(
      `s3Folder: ${label}${name} ${missing ? 'does not exist' : `is refused (${kind}: ${message})`}`,
      { cause },
    );
  };
  return {
    label,
    async *list({ under = '', ...others } = {}) {
      assertKnownOptions('s3Folder.list', others, ['under']);
      let token: string | undefined;
      do {
        const page = await client
          .send(
            new ListObjectsV2Command({
              Bucket: bucket,
              Prefix: prefix + under,
              ...(token === undefined ? {} : { ContinuationToken: token }),
            }),
          )
          .catch((cause) => refuse(under, cause));
        for (const { Key } of page.Contents ?? [])
          if (Key !== undefined && !Key.endsWith('/')) yield Key.slice(prefix.length);
        token = page.IsTruncated ? page.NextContinuationToken : undefined;
      } while (token !== undefined);
    },
    async read(name) {
      const { Body } = await client
        .send(new GetObjectCommand({ Bucket: bucket, Key: prefix + name }))
        .catch((cause) => refuse(name, cause));
      return (await Body?.transformToByteArray()) ?? new Uint8Array();
    },
    async write(name, bytes) {
      await client
        .send(new PutObjectCommand({ Bucket: bucket, Key: prefix + name, Body: bytes }))
        .catch((cause) => refuse(name, cause));
    },
    async has(name) {
      try {
        await client.send(new HeadObjectCommand({ Bucket: bucket, Key: prefix + name }));
        return true;
      } catch (cause) {
        const { name: kind } = cause as Error;
        if (kind === 'NotFound' || kind === 'NoSuchKey') return false;
        return refuse(name, cause);
      }
    },
  };
}
