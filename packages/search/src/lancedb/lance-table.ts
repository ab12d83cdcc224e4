import type { RecordBatch, Schema, Table } from 'apache-arrow';
import type { ItemBatch, StoreShape } from '../check.js';
import { squaredLength } from '../exact/score.js';
import { fieldColumn } from '../filter/sql.js';
import type { Metadata, StoredItem } from '../vector-store.js';
import type { Arrow } from './packages.js';

/** The key of the table's own metadata under which the shape of the store is written. */
export const shapeKey = 'crossmodal';

/**
 * Columns: `id`; `vector`, float32; `zero`, whether the vector is one (cosine distances leave those out); `metadata`, all of it, as
 * JSON; a column per field to filter by, null where it is missing.
 */
export function tableSchema(arrow: Arrow, { dimension, similarity, fields }: StoreShape): Schema {
  // Booleans as 0 and 1: LanceDB 0.31 cannot write a boolean column of nothing but nulls.
  const types = { string: new arrow.Utf8(), number: new arrow.Float64(), boolean: new arrow.Float64() };
  const values = new arrow.Field('item', new arrow.Float32(), true);
  return new arrow.Schema(
    [
      new arrow.Field('id', new arrow.Utf8(), false),
      new arrow.Field('vector', new arrow.FixedSizeList(dimension, values), false),
      new arrow.Field('zero', new arrow.Bool(), false),
      new arrow.Field('metadata', new arrow.Utf8(), false),
      ...Object.entries(fields).map(([name, type]) => new arrow.Field(fieldColumn(name), types[type], true)),
    ],
    new Map([[shapeKey, JSON.stringify({ version: 1, dimension, similarity, fields })]]),
  );
}

export function toTable(arrow: Arrow, schema: Schema, shape: StoreShape, batch: ItemBatch): Table {
  const { dimension, fields } = shape;
  const { ids, vectors, metadata } = batch;
  const child = arrow.makeData({ type: new arrow.Float32(), length: vectors.length, data: vectors });
  const [id, list, zero, json, ...rest] = schema.fields.map(({ type }) => type);
  const column = (values: readonly unknown[], type: unknown) =>
    arrow.vectorFromArray(values as never, type as never).data[0]!;
  const isZero = (_: string, i: number) => squaredLength(vectors, i * dimension, dimension) === 0;
  const columns = [
    column(ids, id),
    arrow.makeData({ type: list as InstanceType<Arrow['FixedSizeList']>, length: ids.length, child }),
    column(ids.map(isZero), zero),
    column(
      metadata.map((data) => JSON.stringify(data)),
      json,
    ),
    ...Object.keys(fields).map((name, i) =>
      column(
        metadata.map((data) => fieldValue(data, name)),
        rest[i],
      ),
    ),
  ];
  const data = arrow.makeData({ type: new arrow.Struct(schema.fields), length: ids.length, children: columns });
  return new arrow.Table(schema, [new arrow.RecordBatch(schema, data)]);
}

function fieldValue(data: Metadata, name: string): string | number | null {
  if (!Object.hasOwn(data, name)) return null;
  const value = data[name]!;
  return typeof value === 'boolean' ? Number(value) : value;
}

/** The items of rows that have at least `id`, `vector` and `metadata`. */
export function* fromBatch(batch: RecordBatch | Table): Generator<StoredItem> {
  const ids = batch.getChild('id')!;
  const vectors = batch.getChild('vector')!;
  const metadata = batch.getChild('metadata')!;
  for (let i = 0; i < batch.numRows; i++) {
    yield {
      id: ids.get(i) as string,
      vector: Float32Array.from(vectors.get(i) as Iterable<number>),
      metadata: JSON.parse(metadata.get(i) as string) as Metadata,
    };
  }
}
