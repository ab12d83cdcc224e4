import { isAbsolute, join, relative, sep } from 'node:path';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import type { Row } from './row.js';

/** The names that rows give to their parts. */
export const roles = ['text', 'image', 'audio', 'label', 'domain', 'split', 'group'] as const;
export type Role = (typeof roles)[number];

const knownRoles = Object.fromEntries(roles.map((role) => [role, true])) as Record<Role, true>;

/** Refuses parts of a row that do not exist. */
export function assertKnownRoles(columns: ManifestColumns, require: readonly Role[]): void {
  assertKnownOptions('manifest: columns', columns, knownRoles, { noun: 'role' });
  const required = Object.fromEntries(require.map((role) => [role, true]));
  assertKnownOptions('manifest: require', required, knownRoles, { noun: 'role' });
}

/** Which column holds what; several columns of text are several captions. Unnamed roles look for a column of their own name. */
export type ManifestColumns = { readonly [R in Exclude<Role, 'text'>]?: string } & {
  readonly text?: string | readonly string[];
};

export interface RowReader {
  /** @throws CrossmodalError when a required part is missing or of a kind that cannot be it. */
  row(fields: Record<string, unknown>, origin: string): Row;
}

export interface RowReaderOptions {
  columns: ManifestColumns;
  /** For messages about the table as a whole; those about a row name its origin. */
  path: string;
  /** Folder that relative paths start from. */
  root: string;
  require: readonly Role[];
}

const nothing = (value: unknown) => value === undefined || value === null || value === '';

/**
 * Turns the columns of a table into rows.
 *
 * @param present names of all columns, where they are known beforehand (a JSON line has its own)
 * @throws CrossmodalError when a named column does not exist, or none holds text, image or audio.
 */
export function rowReader(present: readonly string[] | undefined, options: RowReaderOptions): RowReader {
  const { path: table, columns, root, require } = options;
  const named = (role: Role): readonly string[] => {
    const name = columns[role];
    return name === undefined ? [role] : typeof name === 'string' ? [name] : name;
  };
  if (present) {
    const missing = roles
      .flatMap((role) => (columns[role] === undefined ? [] : named(role)))
      .find((name) => !present.includes(name));
    const list = present.join(', ') || 'none';
    if (missing !== undefined) {
      throw new CrossmodalError(`manifest: ${table}: there is no column "${missing}", the columns are ${list}`, {
        remedy: 'correct `columns`',
      });
    }
    if (!(['text', 'image', 'audio'] as const).some((role) => named(role).some((name) => present.includes(name)))) {
      throw new CrossmodalError(`manifest: ${table}: no column holds text, image or audio, the columns are ${list}`, {
        remedy: "name them: columns: { text: 'caption', image: 'file' }",
      });
    }
  }
  const used = new Set(roles.flatMap(named));
  return {
    row(fields, origin) {
      const text = (name: string): string | undefined => {
        const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
        if (nothing(value)) return undefined;
        if (typeof value === 'object') {
          throw new CrossmodalError(
            `manifest: ${origin}: "${name}" must be text or a number, got ${Array.isArray(value) ? 'a list' : 'an object'}`,
          );
        }
        return String(value);
      };
      const single = (role: Exclude<Role, 'text'>) => text(named(role)[0] as string);
      const path = (role: 'image' | 'audio') => {
        const value = single(role);
        if (value === undefined || isAbsolute(value)) return value;
        const file = join(root, value);
        const inside = relative(root, file);
        if (inside === '..' || inside.startsWith(`..${sep}`)) {
          throw new CrossmodalError(`manifest: ${origin}: ${role} "${value}" lies outside of the folder ${root}`, {
            remedy: 'correct the path, or name a folder above both with `root`',
          });
        }
        return file;
      };
      const texts = named('text').flatMap((name) => {
        const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
        if (!Array.isArray(value)) return text(name) ?? [];
        const captions = value.filter((caption) => !nothing(caption));
        const foreign = captions.find((caption) => typeof caption !== 'string');
        if (foreign !== undefined) {
          throw new CrossmodalError(
            `manifest: ${origin}: "${name}" must be a list of texts, got ${JSON.stringify(foreign).slice(0, 40)} in it`,
          );
        }
        return captions as string[];
      });
      const row: Row = {
        origin,
        text: texts[0],
        texts,
        image: path('image'),
        audio: path('audio'),
        label: single('label'),
        domain: single('domain'),
        split: single('split'),
        group: single('group'),
        fields: Object.fromEntries(Object.entries(fields).filter(([name]) => !used.has(name))),
      };
      for (const role of require) {
        if (row[role] === undefined) {
          throw new CrossmodalError(
            `manifest: ${origin}: "${named(role).join('", "')}" is empty, and ${role} is required`,
            {
              remedy: 'fill it, drop the row, or do not require it',
            },
          );
        }
      }
      if (row.text === undefined && row.image === undefined && row.audio === undefined) {
        throw new CrossmodalError(`manifest: ${origin}: the row has neither text nor image nor audio`, {
          remedy: 'drop the row, or name the columns',
        });
      }
      return row;
    },
  };
}
