import { CrossmodalError } from '@crossmodal/core';

/** The one line that a user sees for any failure; what is not meant for them by its author is marked as unexpected. */
export function oneLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const first = message.split('\n')[0]!.trim() || 'no message';
  return CrossmodalError.isInstance(error) ? first : `unexpected: ${first}; run again with --verbose for the stack`;
}
