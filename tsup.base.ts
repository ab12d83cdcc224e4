import { cpSync, existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { defineConfig, type Options } from 'tsup';

/**
 * The one way packages of this repository are built: ESM, declarations, source maps, no bundled dependencies.
 *
 * One run of tsc writes the declarations of all packages (`declarations` of the root's package.json, on which turbo lets
 * each build wait): with one program for each package, most of the build was spent on reading the same sources again.
 */
export function library({ onSuccess, ...options }: Options & { onSuccess?: () => Promise<void> } = {}) {
  return defineConfig({
    entry: ['src/index.ts'],
    format: ['esm'],
    target: 'node20',
    platform: 'node',
    dts: false,
    sourcemap: true,
    clean: true,
    treeshake: true,
    tsconfig: '../../tsconfig.build.json',
    ...options,
    async onSuccess() {
      const declarations = join('../../node_modules/.cache/declarations', basename(process.cwd()), 'src');
      if (!existsSync(declarations))
        throw new Error(
          `no declarations in ${declarations}: run \`npx turbo run build\` in the root, which makes them`,
        );
      cpSync(declarations, 'dist', { recursive: true });
      await onSuccess?.();
    },
  });
}
