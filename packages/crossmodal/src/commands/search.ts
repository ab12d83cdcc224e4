import { readFile } from 'node:fs/promises';
import { CrossmodalError } from '@crossmodal/core';
import { useDevice } from '@crossmodal/core/device';
import { type Context, report } from '../cli/context.js';
import { type Answer, type Query, SearchService } from '../collection/search-service.js';
import { type Modality, modalities } from '../model/load-model.js';

interface SearchOptions {
  index: string;
  image?: string;
  audio?: string;
  top: number;
  kind?: string;
  label?: string;
}

export async function searchCommand(
  words: string | undefined,
  options: SearchOptions,
  context: Context,
): Promise<void> {
  const { index, top, kind, label } = options;
  if (kind !== undefined && !modalities.includes(kind as Modality)) {
    throw new CrossmodalError(`search: --kind must be ${modalities.join(', ')}, got ${JSON.stringify(kind)}`);
  }
  const query = await queryOf(words, options);
  await useDevice(context.device as 'auto');
  const service = await SearchService.open(index);
  try {
    const answers = await service.search(query, { k: top, kind: kind as Modality | undefined, label });
    report(context, { answers }, () => (answers.length === 0 ? 'nothing is found' : answers.map(line).join('\n')));
  } finally {
    await service.close();
  }
}

function line({ score, kind, file, text, label }: Answer): string {
  const shown =
    kind === 'text' ? [JSON.stringify(text)] : [file ?? '', ...(text === undefined ? [] : [JSON.stringify(text)])];
  return [score.toFixed(3), kind.padEnd(5), ...shown, ...(label === undefined ? [] : [`[${label}]`])].join('  ');
}

async function queryOf(words: string | undefined, { image, audio }: SearchOptions): Promise<Query> {
  const given = [words, image, audio].filter((part) => part !== undefined);
  if (given.length !== 1) {
    throw new CrossmodalError(
      `search: give words, --image FILE or --audio FILE, got ${given.length === 0 ? 'none of them' : 'several'}`,
    );
  }
  if (words !== undefined) return { words };
  const path = (image ?? audio) as string;
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new CrossmodalError(
      `search: ${path} ${cause.code === 'ENOENT' ? 'does not exist' : `cannot be read (${cause.code})`}`,
      { cause },
    );
  });
  return image === undefined ? { audio: bytes } : { image: bytes };
}
