import { CrossmodalError } from '@crossmodal/core';
import { useDevice } from '@crossmodal/core/device';
import { type Context, report } from '../cli/context.js';
import { splitNamed } from '../data/splits.js';
import { loadModel } from '../model/load-model.js';
import { evaluate } from '../train/evaluate.js';
import { decodedMedia } from '../train/media-cache.js';
import { type DataOptions, readData, usableItems } from './data.js';
import { directionLines } from './train.js';

export async function evaluateCommand(
  { model: folder, on, ...options }: DataOptions & { model: string; on?: string },
  context: Context,
): Promise<void> {
  const wanted = on === undefined ? undefined : splitNamed(on);
  if (on !== undefined && wanted === undefined) {
    throw new CrossmodalError(`evaluate: --on must be train, validation or test, got ${JSON.stringify(on)}`);
  }
  await useDevice(context.device as 'auto');
  const model = await loadModel(folder);
  const items = usableItems(await readData(options, context), context);
  const tested = items.filter((item) => splitNamed(item.split) === (wanted ?? 'test'));
  if (wanted !== undefined && tested.length === 0) throw new CrossmodalError(`evaluate: no item is in the split ${on}`);
  const chosen = tested.length > 0 ? tested : items;
  const split = tested.length > 0 ? (wanted ?? 'test') : 'all items';
  const mediaOf = await decodedMedia(chosen, { imageSize: undefined });
  const directions = await evaluate(model, chosen, { mediaOf, signal: context.signal });
  report(context, { model: folder, split, items: chosen.length, directions }, () =>
    directionLines(split, directions).join('\n'),
  );
}
