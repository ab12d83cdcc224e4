import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { html, style } from './page-html.js';

export interface PageFiles {
  script: string;
  html: string;
  style: string;
}

/** Names of the page's scripts: with a server behind it, and alone. */
export type PageScript = 'page' | 'site';

/** The files of the page. In a clone, where nothing is built, the script is bundled from its source. */
export async function pageFiles(name: PageScript): Promise<PageFiles> {
  const built = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
  if (existsSync(built)) return { script: await readFile(built, 'utf8'), html, style };
  const [{ build }, { browserBundle }] = await Promise.all([import('esbuild'), import('./browser-bundle.js')]);
  const entry = fileURLToPath(new URL(`../page/${name}.ts`, import.meta.url));
  const { outputFiles } = await build({
    ...browserBundle,
    plugins: [...browserBundle.plugins],
    conditions: [...browserBundle.conditions],
    entryPoints: [entry],
    write: false,
  });
  return { script: (outputFiles[0] as { text: string }).text, html, style };
}
