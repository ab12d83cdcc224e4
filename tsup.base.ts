import { defineConfig, type Options } from 'tsup';

/** The one way packages of this repository are built: ESM, declarations, source maps, no bundled dependencies. */
export function library(options: Options = {}) {
  return defineConfig({
    entry: ['src/index.ts'],
    format: ['esm'],
    target: 'node20',
    platform: 'node',
    dts: true,
    sourcemap: true,
    clean: true,
    treeshake: true,
    tsconfig: 'tsconfig.build.json',
    ...options,
  });
}
