import { builtinModules } from 'node:module';
import type { BuildOptions, Plugin } from 'esbuild';

/** What the encoders read files with, in Node. The page makes pixels and samples by itself. */
const ofNode = [
  'sharp',
  'wavefile',
  'audio-decode',
  '@crossmodal/core/data',
  '@crossmodal/core/device',
  '@crossmodal/core/models',
  '@crossmodal/core/train',
  '@crossmodal/core/safetensors/files',
];

/** Puts an empty module in the place of what only Node has. */
function withoutNode(): Plugin {
  const names = new Set([...ofNode, ...builtinModules]);
  return {
    name: 'without-node',
    setup(bundle) {
      bundle.onResolve({ filter: /.*/ }, ({ path }) =>
        path.startsWith('node:') || names.has(path) ? { path, namespace: 'without-node' } : undefined,
      );
      // As CommonJS, so that any name can be imported.
      const contents = 'const empty = new Proxy(function () {}, { get: () => empty }); module.exports = empty;';
      bundle.onLoad({ filter: /.*/, namespace: 'without-node' }, () => ({ contents, loader: 'js' }));
    },
  };
}

/** How the scripts of the page are bundled, when the package is built and in a clone. */
export const browserBundle = {
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  conditions: ['@crossmodal/source'],
  plugins: [withoutNode()],
} as const satisfies BuildOptions;
