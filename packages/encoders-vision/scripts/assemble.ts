// Assembles src/resize-bytes/passes.wat into passes-module.ts beside it; a test holds the two together.
//   node --import tsx packages/encoders-vision/scripts/assemble.ts
import { readFile, writeFile } from 'node:fs/promises';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import wabt from 'wabt';

const folder = new URL('../src/resize-bytes/', import.meta.url);

/** The text of passes-module.ts. */
export async function passesModule(): Promise<string> {
  const { parseWat } = await wabt();
  const source = parseWat('passes.wat', await readFile(new URL('passes.wat', folder), 'utf8'), { simd: true });
  const { buffer } = source.toBinary({});
  source.destroy();
  const text = Buffer.from(buffer).toString('base64');
  return `/** passes.wat, assembled by scripts/assemble.ts. */\nexport const passesBase64 =\n  '${text}';\n`;
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(new URL('passes-module.ts', folder), await passesModule());
}
