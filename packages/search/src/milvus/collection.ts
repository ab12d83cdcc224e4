import { CrossmodalError } from '@crossmodal/core';
import type { MilvusClient, FieldType as MilvusField } from '@zilliz/milvus2-sdk-node';
import { checkShape, type StoreShape, similarities } from '../check.js';
import type { FieldType } from '../fields.js';
import { fieldColumn, fieldOfColumn } from '../filter/sql.js';
import type { MilvusPackage } from './milvus-package.js';

/** Bytes of an id, and of a text to filter by; Milvus' own limit for texts is 65,535. */
export const idBytes = 1024;
const textBytes = 65_535;

const metrics = { cosine: 'COSINE', dot: 'IP', euclidean: 'L2' } as const;

interface Status {
  error_code?: string | number;
  code?: number;
  reason?: string;
}

/** The answer, if it is one. Milvus says in its answers what went wrong. */
export function succeeded<Answer extends Status | { status: Status }>(where: string, answer: Answer): Answer {
  const status: Status = 'status' in answer ? answer.status : answer;
  if (status.error_code === 'Success' || (status.code === 0 && !status.reason)) return answer;
  throw new CrossmodalError(`${where}: Milvus answered: ${status.reason || status.error_code}`);
}

function collectionFields({ DataType }: MilvusPackage, { dimension, fields }: StoreShape): MilvusField[] {
  const types = {
    string: { data_type: DataType.VarChar, max_length: textBytes },
    number: { data_type: DataType.Double },
    boolean: { data_type: DataType.Bool },
  };
  return [
    { name: 'id', data_type: DataType.VarChar, max_length: idBytes, is_primary_key: true },
    { name: 'vector', data_type: DataType.FloatVector, dim: dimension },
    { name: 'metadata', data_type: DataType.VarChar, max_length: textBytes },
    ...Object.entries(fields).map(([name, type]) => ({ name: fieldColumn(name), nullable: true, ...types[type] })),
  ];
}

/** Makes the collection of a store, with its index. */
export async function makeCollection(
  where: string,
  { client, package: milvus }: { client: MilvusClient; package: MilvusPackage },
  name: string,
  shape: StoreShape,
  index: string,
): Promise<void> {
  succeeded(
    where,
    await client.createCollection({
      collection_name: name,
      fields: collectionFields(milvus, shape),
      consistency_level: 'Strong',
    }),
  );
  succeeded(
    where,
    await client.createIndex({
      collection_name: name,
      field_name: 'vector',
      index_type: index,
      metric_type: metrics[shape.similarity],
      params: index === 'HNSW' ? { M: 16, efConstruction: 200 } : {}, // hnswlib's defaults
    }),
  );
}

/** What the store of a collection is, by its columns and its index: Milvus Lite keeps no descriptions. */
export async function readShape(where: string, client: MilvusClient, name: string): Promise<StoreShape> {
  const { schema } = succeeded(where, await client.describeCollection({ collection_name: name }));
  const columns = new Map(schema.fields.map((field) => [field.name, field]));
  const dimension = Number(columns.get('vector')?.type_params.find(({ key }) => key === 'dim')?.value);
  const indices = await client.describeIndex({ collection_name: name });
  const parameters = indices.index_descriptions?.find(({ field_name }) => field_name === 'vector')?.params ?? [];
  const metric = parameters.find(({ key }) => key === 'metric_type')?.value;
  const similarity = similarities.find((candidate) => metrics[candidate] === metric);
  if (!columns.has('id') || !columns.has('metadata') || !dimension || !similarity) {
    throw new CrossmodalError(`${where}: collection '${name}' was not made by this package`);
  }
  const types: Record<string, FieldType> = { VarChar: 'string', Double: 'number', Bool: 'boolean' };
  const fields = schema.fields.flatMap(({ name, data_type }): [string, FieldType][] => {
    const field = fieldOfColumn(name);
    return field === undefined ? [] : [[field, types[data_type]!]];
  });
  return checkShape(where, { dimension, similarity, fields: Object.fromEntries(fields) });
}
