import { CrossmodalError, requireInteger } from '@crossmodal/core';
import { greedy } from '../generation/greedy.js';
import type { GeneratedSequence, SearchStrategy } from '../generation/search.js';

export interface GenerateOptions {
  /** `greedy()` unless given. */
  strategy?: SearchStrategy;
  /** Most new tokens, the end included; as many as the decoder has room for unless given. */
  maximumLength?: number;
}

/** A sequence that was generated, as text. */
export interface GeneratedText extends GeneratedSequence {
  text: string;
}

/** The options with what stands for those that are not given, checked: generation always ends. */
export function generateOptions(
  where: string,
  { strategy = greedy(), maximumLength }: GenerateOptions,
  { room, prompts }: { room: number; prompts: readonly (readonly number[])[] },
): { strategy: SearchStrategy; maximumLength: number } {
  const longest = Math.max(...prompts.map((prompt) => prompt.length));
  const most = room - longest + 1;
  if (prompts.some((prompt) => prompt.length === 0) || most < 1) {
    throw new CrossmodalError(
      `${where}: prompts must have 1 to ${room} tokens, got ${prompts.map((prompt) => prompt.length).join(', ')}`,
    );
  }
  if (maximumLength !== undefined) {
    requireInteger(`${where}: maximumLength`, maximumLength);
    if (maximumLength > most) {
      throw new CrossmodalError(
        `${where}: maximumLength must be at most ${most} (the decoder has room for ${room} tokens, prompts have up to ${longest}), got ${maximumLength}`,
      );
    }
  }
  return { strategy, maximumLength: maximumLength ?? most };
}
