import { CrossmodalError } from '../errors.js';

/** Reads values of a config.json, each with the name of the file and the key in its messages. */
export class Config {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #label: string;

  constructor(values: Readonly<Record<string, unknown>>, label: string) {
    this.#values = values;
    this.#label = label;
  }

  get label(): string {
    return this.#label;
  }

  /** @throws CrossmodalError unless it is a whole number of at least 1, or missing with a fallback */
  size(key: string, fallback?: number): number {
    const value = this.#values[key] ?? fallback;
    if (!Number.isSafeInteger(value) || (value as number) < 1) this.#refuse(key, 'a whole number of at least 1');
    return value as number;
  }

  /** How often something is repeated, such as layers: of at most 1000, so that no file makes a model without end. */
  count(key: string, fallback?: number): number {
    const value = this.size(key, fallback);
    if (value > 1000) this.#refuse(key, 'at most 1000');
    return value;
  }

  /** Whole numbers of at least 1, at most 1000 of them. */
  sizes(key: string, fallback?: readonly number[]): readonly number[] {
    const value = this.#values[key] ?? fallback;
    if (!Array.isArray(value) || value.length > 1000 || !value.every((v) => Number.isSafeInteger(v) && v >= 1)) {
      this.#refuse(key, 'a list of whole numbers of at least 1');
    }
    return value as number[];
  }

  /** A whole number of any sign. */
  integer(key: string, fallback?: number): number {
    const value = this.#values[key] ?? fallback;
    if (!Number.isSafeInteger(value)) this.#refuse(key, 'a whole number');
    return value as number;
  }

  number(key: string, fallback?: number): number {
    const value = this.#values[key] ?? fallback;
    if (typeof value !== 'number' || !Number.isFinite(value)) this.#refuse(key, 'a number');
    return value as number;
  }

  text(key: string, fallback?: string): string {
    const value = this.#values[key] ?? fallback;
    if (typeof value !== 'string') this.#refuse(key, 'a text');
    return value as string;
  }

  flag(key: string, fallback = false): boolean {
    const value = this.#values[key] ?? fallback;
    if (typeof value !== 'boolean') this.#refuse(key, 'true or false');
    return value as boolean;
  }

  has(key: string): boolean {
    return this.#values[key] !== undefined && this.#values[key] !== null;
  }

  /** An object within, or undefined. */
  part(key: string): Config | undefined {
    const value = this.#values[key];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'object' || Array.isArray(value)) this.#refuse(key, 'an object');
    return new Config(value as Record<string, unknown>, `${this.#label}: ${key}`);
  }

  /** The value as it is. */
  raw(key: string): unknown {
    return this.#values[key];
  }

  get values(): Readonly<Record<string, unknown>> {
    return this.#values;
  }

  #refuse(key: string, wanted: string): never {
    throw new CrossmodalError(
      `${this.#label}: ${key} must be ${wanted}, got ${JSON.stringify(this.#values[key]) ?? 'nothing'}`,
    );
  }
}
