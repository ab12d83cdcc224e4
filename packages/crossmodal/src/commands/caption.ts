import { readFile } from 'node:fs/promises';
import { useDevice } from '@crossmodal/core/device';
import { openFolder } from '@crossmodal/core/models';
import { beam } from '@crossmodal/encoder-decoder';
import type { Context } from '../cli/context.js';
import { loadSequenceModel } from '../model/load-sequence-model.js';
import { modelType, otherModel } from '../model/model-type.js';
import { reportTexts } from './texts.js';

/** Says in words what pictures show. */
export async function captionCommand(
  paths: readonly string[],
  { model: folder, beam: width }: { model: string; beam: number },
  context: Context,
): Promise<void> {
  const files = await openFolder(folder);
  const type = await modelType(files, { where: 'caption' });
  if (type !== 'encoderDecoder' && type !== 'vision-encoder-decoder')
    throw otherModel('caption', { folder, type, takes: 'a model from pictures to text' });
  await useDevice(context.device as 'auto');
  const model = await loadSequenceModel(files, { where: 'caption', folder, modality: 'image' });
  try {
    await reportTexts(paths, context, async (path) => {
      const bytes = await readFile(path);
      const [text = ''] = await model.generateItems([bytes], { strategy: beam({ width }) });
      return { text };
    });
  } finally {
    model.dispose();
  }
}
