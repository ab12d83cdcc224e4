// Assembles the kernels into src/exact/kernels-module.ts; a test holds the two together.
//   node --import tsx packages/search/scripts/assemble.ts
import { writeFile } from 'node:fs/promises';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import wabt from 'wabt';
import { kernelsText } from './kernels.js';

/** The text of kernels-module.ts. */
export async function kernelsModule(): Promise<string> {
  const { parseWat } = await wabt();
  const assemble = (shared: boolean) => {
    const source = parseWat('kernels.wat', kernelsText({ shared }), { simd: true, threads: true });
    const { buffer } = source.toBinary({});
    source.destroy();
    return Buffer.from(buffer).toString('base64');
  };
  const constant = (name: string, shared: boolean) => `export const ${name} =\n  '${assemble(shared)}';\n`;
  return `/** The kernels of scripts/kernels.ts, assembled by scripts/assemble.ts. */\n${constant('sharedKernels', true)}${constant('unsharedKernels', false)}`;
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(new URL('../src/exact/kernels-module.ts', import.meta.url), await kernelsModule());
}
