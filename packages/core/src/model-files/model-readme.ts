import type { ModelCard } from './model-files.js';

/** The README.md of a model's folder: what is known, and what an earlier README said. */
export function modelReadme({
  config,
  parameters,
  card,
  before,
}: {
  config: Readonly<Record<string, unknown>>;
  parameters: number;
  card: ModelCard;
  before: string | undefined;
}): string {
  const type = String(config['type'] ?? config['model_type'] ?? 'model');
  const { front, body } = frontMatterOf(before);
  const lines = front.filter((line) => !/^library_name:/.test(line) && !(card.license && /^license:/.test(line)));
  if (card.license) lines.push(`license: ${card.license}`);
  lines.push('library_name: crossmodal');
  const parts = [`---\n${lines.join('\n')}\n---`, `# ${card.title ?? type}`];
  if (card.description) parts.push(card.description);
  parts.push(
    `A model of type \`${type}\` with ${parameters.toLocaleString('en')} parameters, saved by @crossmodal/core.`,
  );
  const { functions = [], objects = [] } = (config['unsaved'] ?? {}) as { functions?: string[]; objects?: string[] };
  const unsaved = [...functions, ...objects].map((name) => `\`${name}\``);
  if (unsaved.length > 0) parts.push(`Not in the files, to be given again when it is loaded: ${unsaved.join(', ')}.`);
  if (card.data) parts.push(`## Data\n\n${card.data}`);
  const metrics = Object.entries(card.metrics ?? {});
  if (metrics.length > 0) {
    const rows = metrics.map(([name, value]) => `| ${name} | ${value} |`);
    parts.push(`## Metrics\n\n| metric | value |\n|---|---|\n${rows.join('\n')}`);
  }
  const previous = body.split(marker)[1] ?? (body.includes('saved by @crossmodal/core') ? '' : body);
  if (previous.trim() !== '') parts.push(`${marker}\n\n${previous.trim()}`);
  return `${parts.join('\n\n')}\n`;
}

const marker = '<!-- Of the model that this one was made from: -->';

/** The lines between the two `---` that a card of the hub begins with, and what follows. */
function frontMatterOf(text: string | undefined): { front: string[]; body: string } {
  const match = /^---\r?\n([\s\S]*?)\r?\n---\r?\n?([\s\S]*)$/.exec(text ?? '');
  return match ? { front: match[1]!.split(/\r?\n/), body: match[2]! } : { front: [], body: text ?? '' };
}
