import { CrossmodalError } from '@crossmodal/core';
import { type Context, report } from '../cli/context.js';

/** What was read from a file, with what has to be said of it. */
export interface ReadText {
  text: string;
  note?: string;
}

/**
 * Reads files one after the other and reports their texts. A file that cannot be read does not stop the others: it is named, and at the end
 * the command fails.
 *
 * @throws CrossmodalError when a file could not be read, after all others were
 */
export async function reportTexts(
  paths: readonly string[],
  context: Context,
  read: (path: string) => Promise<ReadText>,
): Promise<void> {
  const texts: { file: string; text: string }[] = [];
  const broken: { file: string; reason: string }[] = [];
  const { terminal, signal } = context;
  const bar = paths.length > 1 ? terminal.bar('reading', paths.length) : undefined;
  try {
    for (const file of paths) {
      if (signal.aborted) break;
      try {
        const { text, note } = await read(file);
        texts.push({ file, text });
        if (note !== undefined) terminal.note(`${file}: ${note}`);
      } catch (error) {
        broken.push({ file, reason: reasonOf(error) });
      }
      bar?.update(texts.length + broken.length);
    }
  } finally {
    bar?.stop();
  }
  const alone = paths.length === 1;
  if (texts.length > 0)
    report(context, { texts, broken }, () =>
      texts.map(({ file, text }) => (alone ? text : `${file}\t${text}`)).join('\n'),
    );
  const [first] = broken;
  if (!first) return;
  const others = broken.length > 1 ? `, and ${broken.length - 1} more cannot be read` : '';
  throw new CrossmodalError(`${first.file}: ${first.reason}${others}`);
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'does not exist';
  if (code === 'EISDIR') return 'is a folder; name the files in it';
  return (message ?? String(error)).split('\n')[0] as string;
}
