import { useDevice } from '@crossmodal/core/device';
import { openFolder } from '@crossmodal/core/models';
import type { Context } from '../cli/context.js';
import { soundPool } from '../data/sound-pool.js';
import { loadRecogniser } from '../model/load-recogniser.js';
import { reportTexts } from './texts.js';

interface TranscribeOptions {
  model: string;
  beam: number;
  language?: string;
  translate?: boolean;
}

/** Writes down what is said in recordings. */
export async function transcribeCommand(
  paths: readonly string[],
  { model: folder, translate = false, ...options }: TranscribeOptions,
  context: Context,
): Promise<void> {
  const files = await openFolder(folder);
  await useDevice(context.device as 'auto');
  const recogniser = await loadRecogniser(files, { folder, ...options, translate });
  const sounds = soundPool();
  try {
    await reportTexts(paths, context, async (path) =>
      recogniser.textOf(await sounds.run({ source: path, label: path })),
    );
  } finally {
    await sounds.close();
    recogniser.dispose();
  }
}
