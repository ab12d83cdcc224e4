import { build } from 'esbuild';
import { library } from '../../tsup.base.js';
import { browserBundle } from './src/server/browser-bundle.js';

export default library({
  entry: { index: 'src/index.ts', main: 'src/main.ts', 'sound-worker': 'src/data/sound-worker.ts' },
  external: ['esbuild'],
  async onSuccess() {
    const { plugins, conditions, ...options } = browserBundle;
    await build({
      ...options,
      plugins: [...plugins],
      conditions: [...conditions],
      entryPoints: { page: 'src/page/page.ts', site: 'src/page/site.ts' },
      outdir: 'dist',
    });
  },
});
