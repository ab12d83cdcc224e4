import { CrossmodalError } from '@crossmodal/core';

/** Components inside components; no real file has more than three. */
const deepest = 32;

/** Reads the fields of one component of a tokenizer.json; what is wrong is an error that names the component and the field. */
export class Fields {
  private constructor(
    private readonly values: Readonly<Record<string, unknown>>,
    /** Where the component stands, such as `pre_tokenizer.pretokenizers[1]`. */
    readonly path: string,
    /** Name of the file, used in messages. */
    readonly source: string,
    private readonly depth: number,
  ) {
    if (depth > deepest) throw this.error(` is nested more than ${deepest} deep`);
  }

  /** @throws CrossmodalError unless the value is an object */
  static of(value: unknown, path: string, source: string, depth = 0): Fields {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new CrossmodalError(
        `loadTokenizer: ${source} cannot be used: ${path} must be an object, got ${shown(value)}`,
      );
    }
    return new Fields(value as Record<string, unknown>, path, source, depth);
  }

  /** The error that something about the component is wrong. */
  error(what: string, options: { remedy?: string; cause?: unknown } = {}): CrossmodalError {
    return new CrossmodalError(`loadTokenizer: ${this.source} cannot be used: ${this.path}${what}`, options);
  }

  has(name: string): boolean {
    return Object.hasOwn(this.values, name) && this.values[name] != null;
  }

  raw(name: string): unknown {
    return Object.hasOwn(this.values, name) ? this.values[name] : undefined;
  }

  string(name: string, standard?: string): string {
    return this.#read<string>(name, standard, 'a string', (value) => typeof value === 'string');
  }

  /** A string, or undefined when the field is absent or null. */
  optionalString(name: string): string | undefined {
    return this.has(name) ? this.string(name) : undefined;
  }

  /** One Unicode character. */
  character(name: string): string {
    return this.#read<string>(
      name,
      undefined,
      'one character',
      (value) => typeof value === 'string' && [...value].length === 1,
    );
  }

  boolean(name: string, standard?: boolean): boolean {
    return this.#read(name, standard, 'true or false', (value) => typeof value === 'boolean');
  }

  /** A whole number from 0 to 2^32 - 1, or up to 2^53 where it counts something. */
  integer(name: string, standard?: number): number {
    return this.#read(
      name,
      standard,
      'a whole number of at least 0',
      (value) => Number.isSafeInteger(value) && (value as number) >= 0,
    );
  }

  oneOf<T extends string>(name: string, choices: readonly T[], standard?: T): T {
    return this.#read(name, standard, `one of ${choices.join(', ')}`, (value) => choices.includes(value as T));
  }

  list(name: string): unknown[] {
    return this.#read<unknown[]>(name, undefined, 'a list', Array.isArray);
  }

  child(name: string): Fields {
    return Fields.of(this.raw(name), `${this.path}.${name}`, this.source, this.depth + 1);
  }

  children(name: string): Fields[] {
    return this.list(name).map((value, i) =>
      Fields.of(value, `${this.path}.${name}[${i}]`, this.source, this.depth + 1),
    );
  }

  /** The function that `kinds` has for the component's type. @throws CrossmodalError naming an unknown type */
  choose<T>(kinds: Readonly<Record<string, (fields: Fields) => T>>): T {
    const type = this.raw('type');
    const make = typeof type === 'string' && Object.hasOwn(kinds, type) ? kinds[type] : undefined;
    if (!make) {
      throw this.error(` has the unknown type ${shown(type)}`, {
        remedy: `the types are ${Object.keys(kinds).join(', ')}`,
      });
    }
    return make(new Fields(this.values, `${this.path} (${type})`, this.source, this.depth));
  }

  #read<T>(name: string, standard: T | undefined, what: string, accept: (value: unknown) => boolean): T {
    const value = this.raw(name);
    if (value === undefined && standard !== undefined) return standard;
    if (!accept(value)) throw this.error(`.${name} must be ${what}, got ${shown(value)}`);
    return value as T;
  }
}

/** A value for a message, cut short. */
export function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}
