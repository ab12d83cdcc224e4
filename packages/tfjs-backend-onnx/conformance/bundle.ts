import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

/** Where tfjs-core's compiled tests lie, inside the npm package. */
function testFolder(): string {
  const main = createRequire(import.meta.url).resolve('@tensorflow/tfjs-core');
  return dirname(main);
}

/**
 * Bundles all of tfjs-core's tests into one file that Node can load (they are published as modules without file
 * extensions). The test environment is set by the first module, before any test file describes its cases.
 */
export async function bundleTests(outfile: string): Promise<number> {
  const folder = testFolder();
  const files = (readdirSync(folder, { recursive: true }) as string[])
    .filter((file) => file.endsWith('_test.js'))
    .sort();
  const contents = [
    "import 'conformance:environment';",
    "import './index';",
    "import './register_all_gradients';",
    "import './public/chained_ops/register_all_chained_ops';",
    ...files.map((file) => `import ${JSON.stringify(`./${file}`)};`),
  ].join('\n');
  const environment = [
    `import { setTestEnvs } from ${JSON.stringify(join(folder, 'jasmine_util.js'))};`,
    "setTestEnvs([{ name: 'onnx', backendName: 'onnx', flags: {}, isDataSync: true }]);",
  ].join('\n');
  await build({
    stdin: { contents, resolveDir: folder },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'error',
    // package.json declares the tests free of side effects.
    ignoreAnnotations: true,
    nodePaths: [join(import.meta.dirname, '..', 'node_modules')],
    mainFields: ['module', 'main'],
    plugins: [
      {
        name: 'environment',
        setup(plugin) {
          plugin.onResolve({ filter: /^conformance:environment$/ }, () => ({
            path: 'environment',
            namespace: 'conformance',
          }));
          plugin.onLoad({ filter: /.*/, namespace: 'conformance' }, () => ({
            contents: environment,
            resolveDir: folder,
          }));
        },
      },
    ],
  });
  return files.length;
}
