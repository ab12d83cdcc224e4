import { type Fields, shown } from '../fields.js';

/** Tokens and their numbers, as most models have them. */
export class Vocabulary {
  private constructor(
    readonly ids: ReadonlyMap<string, number>,
    private readonly tokens: ReadonlyMap<number, string>,
  ) {}

  /** @throws CrossmodalError unless the field is an object of numbers from 0 to 2^32 - 1 */
  static read(fields: Fields, name = 'vocab'): Vocabulary {
    fields.child(name); // an object
    const ids = new Map<string, number>();
    const tokens = new Map<number, string>();
    for (const [token, id] of Object.entries(fields.raw(name) as Record<string, unknown>)) {
      if (!Number.isInteger(id) || (id as number) < 0 || (id as number) > 0xffffffff) {
        throw fields.error(
          `.${name} must give each token a whole number of at least 0, got ${shown(id)} for ${shown(token)}`,
        );
      }
      ids.set(token, id as number);
      tokens.set(id as number, token);
    }
    return new Vocabulary(ids, tokens);
  }

  get size(): number {
    return this.ids.size;
  }

  entries(): Iterable<readonly [string, number]> {
    return this.ids.entries();
  }

  tokenToId(token: string): number | undefined {
    return this.ids.get(token);
  }

  idToToken(id: number): string | undefined {
    return this.tokens.get(id);
  }
}
