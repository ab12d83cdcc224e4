import { isSavedModel, readConfig, readText } from '@crossmodal/core';
import { openFolder } from '@crossmodal/core/models';
import { type Context, grouped, report } from '../cli/context.js';

export async function modelsCommand(path: string, context: Context): Promise<void> {
  const files = await openFolder(path);
  const config = await readConfig(files, 'config.json', { where: `models: ${path}` });
  const bytes = [...files.values()].reduce((sum, { size }) => sum + size, 0);
  const inner = [...files.keys()].filter((name) => name.endsWith('/config.json'));
  const parts = await Promise.all(
    inner.map(async (name) => {
      const own = await readConfig(files, name, { where: `models: ${path}` });
      return {
        folder: name.slice(0, -'/config.json'.length),
        type: String(own['type'] ?? own['model_type'] ?? own['architecture'] ?? 'unknown'),
        options: own['options'],
      };
    }),
  );
  const facts = {
    path,
    type: String(config['type'] ?? config['model_type'] ?? 'unknown'),
    ours: isSavedModel(config),
    options: config['options'],
    encoders: parts,
    files: files.size,
    bytes,
  };
  const card = (await readText(files, 'README.md')) ?? '';
  report(context, facts, () =>
    [
      `${path}: ${facts.type}, ${files.size} files, ${grouped(Math.ceil(bytes / 1024))} KB`,
      ...parts.map(({ folder, type }) => `  ${folder}: ${type}`),
      '',
      card.trim(),
    ].join('\n'),
  );
}
