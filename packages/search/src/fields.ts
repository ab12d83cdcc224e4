/** What a field of metadata holds. */
export type FieldType = 'string' | 'number' | 'boolean';

/** The fields of metadata that filters may ask for, by name. */
export type Fields = Readonly<Record<string, FieldType>>;
