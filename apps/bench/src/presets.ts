import { CrossmodalError } from '@crossmodal/core';

/** How much is trained. `smoke` only proves that everything runs: its numbers mean nothing. */
export const presetNames = ['quick', 'smoke'] as const;

export type PresetName = (typeof presetNames)[number];

/** What an entry does under each preset. */
export type Settings<T> = Record<PresetName, T>;

/** @throws CrossmodalError for another name. */
export function parsePreset(name: string): PresetName {
  const found = presetNames.find((preset) => preset === name);
  if (found) return found;
  throw new CrossmodalError(`bench: unknown preset "${name}"; presets are ${presetNames.join(', ')}`);
}
