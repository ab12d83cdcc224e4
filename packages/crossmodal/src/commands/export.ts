import { CrossmodalError } from '@crossmodal/core';
import { useDevice } from '@crossmodal/core/device';
import { type Context, report } from '../cli/context.js';
import { readCollection } from '../collection/collection.js';
import { wholeFolder } from '../data/whole-folder.js';
import { exportModel } from '../model/export-model.js';
import { loadModel } from '../model/load-model.js';

interface ExportOptions {
  model?: string;
  index: string;
  site?: boolean;
  out: string;
}

export async function exportCommand(
  { model: folder, index, site = false, out }: ExportOptions,
  context: Context,
): Promise<void> {
  if (!site && folder === undefined) throw new CrossmodalError('export: give the model with --model DIR, or --site');
  await useDevice('cpu');
  if (site) {
    const { exportSite } = await import('../site/export-site.js');
    const { signal } = context;
    const items = await wholeFolder('export', out, (folder) => exportSite(folder, { index, signal }));
    return report(
      context,
      { out, items },
      () => `${out}: ${items} vectors and a page; serve the folder with any web server, such as npx serve ${out}`,
    );
  }
  const model = await loadModel(folder ?? (await readCollection(index)).model);
  const described = await wholeFolder('export', out, (part) => exportModel(part, model));
  report(
    context,
    { out, modalities: described },
    () =>
      `${out}: ${Object.values(described)
        .map(({ file }) => file)
        .join(', ')} and preprocessing.json`,
  );
}
