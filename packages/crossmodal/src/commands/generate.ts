import { dirname } from 'node:path';
import { CrossmodalError } from '@crossmodal/core';
import { useDevice } from '@crossmodal/core/device';
import { openFolder } from '@crossmodal/core/models';
import { writeAtomically } from '@crossmodal/core/safetensors/files';
import { encodePngGrid } from '@crossmodal/encoders-vision';
import * as tf from '@tensorflow/tfjs-core';
import { type Context, report } from '../cli/context.js';
import { pathKind } from '../data/files.js';
import { loadDrawer } from '../model/load-drawer.js';

interface GenerateOptions {
  model: string;
  out: string;
  textModel?: string;
  count: number;
  seed: number;
}

/** Draws pictures for words. */
export async function generateCommand(
  words: string,
  { model: folder, out, textModel, count, seed }: GenerateOptions,
  context: Context,
): Promise<void> {
  if (words.trim() === '') throw new CrossmodalError('generate: there are no words to draw for');
  if (!out.toLowerCase().endsWith('.png')) throw new CrossmodalError(`generate: --out must end with .png, got ${out}`);
  if ((await pathKind(out)) === 'folder') throw new CrossmodalError(`generate: ${out} is a folder`);
  if ((await pathKind(dirname(out))) !== 'folder')
    throw new CrossmodalError(`generate: there is no folder ${dirname(out)}`);
  const files = await openFolder(folder);
  await useDevice(context.device as 'auto');
  const drawer = await loadDrawer(files, { folder, ...(textModel === undefined ? {} : { textModel }) });
  try {
    const drawn = await drawer.draw(words, { count, seed });
    const [, height, width, channels] = drawn.shape;
    const data = (await drawn.data()) as Float32Array;
    tf.dispose(drawn);
    const size = height * width * channels;
    const pictures = Array.from({ length: count }, (_, i) => ({
      data: data.slice(i * size, (i + 1) * size),
      shape: [height, width, channels],
    }));
    const columns = Math.ceil(Math.sqrt(count));
    const png = await encodePngGrid(pictures, { columns, gap: count > 1 ? 2 : 0 });
    await writeAtomically(out, png, { where: 'generate' });
    report(
      context,
      { out, words, count, seed, height, width },
      () => `${out}: ${count} of ${height} x ${width} pixels`,
    );
  } finally {
    drawer.dispose();
  }
}
