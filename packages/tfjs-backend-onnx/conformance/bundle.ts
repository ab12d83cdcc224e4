import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

/** Where tfjs-core's compiled modules and tests lie, inside the npm package. */
function coreFolder(): string {
  const main = createRequire(import.meta.url).resolve('@tensorflow/tfjs-core');
  return dirname(main);
}

/** The test environment is set by the first module, before any test file describes its cases. */
const ENVIRONMENT = 'conformance:environment';

function testFiles(folder: string, ending: string): string[] {
  return (readdirSync(folder, { recursive: true }) as string[]).filter((file) => file.endsWith(ending)).sort();
}

/** Bundles modules, of which `first` are loaded before the tests, into one file that Node can load. */
async function bundle(outfile: string, folder: string, first: readonly string[], tests: readonly string[]) {
  const core = coreFolder();
  const environment = [
    `import { setTestEnvs } from ${JSON.stringify(join(core, 'jasmine_util.js'))};`,
    "setTestEnvs([{ name: 'onnx', backendName: 'onnx', flags: {}, isDataSync: true }]);",
  ].join('\n');
  const modules = [ENVIRONMENT, ...first, ...tests.map((file) => `./${file}`)];
  await build({
    stdin: { contents: modules.map((name) => `import ${JSON.stringify(name)};`).join('\n'), resolveDir: folder },
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
          plugin.onResolve({ filter: new RegExp(`^${ENVIRONMENT}$`) }, () => ({
            path: 'environment',
            namespace: 'conformance',
          }));
          plugin.onLoad({ filter: /.*/, namespace: 'conformance' }, () => ({
            contents: environment,
            resolveDir: folder,
          }));
          // One tfjs-core for the sources, which say where its compiled modules lie, and for the environment.
          plugin.onResolve({ filter: /^@tensorflow\/tfjs-core(\/dist\/.*)?$/ }, ({ path }) => {
            const module = path.split('/dist/')[1] ?? 'index';
            const file = join(core, module);
            return { path: [`${file}.js`, join(file, 'index.js'), file].find((name) => existsSync(name))! };
          });
        },
      },
    ],
  });
}

const everything = (core: string): string[] =>
  ['index', 'register_all_gradients', 'public/chained_ops/register_all_chained_ops'].map((name) => join(core, name));

/** Bundles all of tfjs-core's tests (they are published as modules without file extensions). */
export async function bundleTests(outfile: string): Promise<number> {
  const folder = coreFolder();
  const files = testFiles(folder, '_test.js');
  await bundle(outfile, folder, everything(folder), files);
  return files.length;
}

/** Bundles all of tfjs-layers' tests, from a folder with the sources of the tfjs repository: they are not published. */
export async function bundleLayersTests(outfile: string, repository: string): Promise<number> {
  const folder = join(repository, 'tfjs-layers', 'src');
  if (!existsSync(folder))
    throw new Error(
      `conformance: --layers must be a folder of the tfjs repository, with tfjs-layers/src, got ${repository}`,
    );
  const files = testFiles(folder, '_test.ts');
  await bundle(outfile, folder, [...everything(coreFolder()), './index'], files);
  return files.length;
}
