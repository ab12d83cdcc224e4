import { CrossmodalError, type ModelFiles, readJson } from '@crossmodal/core';

/** What a folder says about generation, in `generation_config.json` or, in older ones, `config.json`. */
export interface GenerationConfig {
  /** All values, those of generation_config.json before those of config.json. */
  values: Readonly<Record<string, unknown>>;
  endIds: readonly number[];
  paddingId: number;
}

/** @throws CrossmodalError when no token ends a sequence: generation would stop at the longest length only */
export async function generationConfig(
  files: ModelFiles,
  config: Readonly<Record<string, unknown>>,
): Promise<GenerationConfig> {
  const own = ((await readJson(files, 'generation_config.json')) ?? {}) as Record<string, unknown>;
  const set = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== null));
  const values = { ...config, ...set };
  const end = values['eos_token_id'];
  const endIds = (Array.isArray(end) ? end : [end]).filter((id): id is number => Number.isSafeInteger(id));
  if (endIds.length === 0) {
    throw new CrossmodalError(
      `generation_config.json: eos_token_id must be a token's number, got ${JSON.stringify(end)}`,
    );
  }
  const padding = values['pad_token_id'];
  return { values, endIds, paddingId: Number.isSafeInteger(padding) ? (padding as number) : endIds[0]! };
}

/** A list of token numbers, or none. */
export function tokenList(values: Readonly<Record<string, unknown>>, key: string): number[] {
  const list = values[key];
  return Array.isArray(list) ? list.filter((id): id is number => Number.isSafeInteger(id)) : [];
}
