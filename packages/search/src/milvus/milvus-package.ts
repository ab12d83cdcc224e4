import { loadPeer } from '../peers.js';

export type MilvusPackage = typeof import('@zilliz/milvus2-sdk-node');

export function loadMilvus(where: string): MilvusPackage {
  return loadPeer<MilvusPackage>(
    where,
    '@zilliz/milvus2-sdk-node',
    'install it: npm install @zilliz/milvus2-sdk-node@2',
  );
}
