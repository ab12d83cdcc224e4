import { defineConfig } from 'vitest/config';

const conditions = ['@crossmodal/source', 'node', 'import', 'default'];

/** Packages whose tests leave nothing behind that others mind: a process runs many of their files and loads the modules once. */
const together = [
  'adaptation',
  'alignment',
  'core',
  'encoder-decoder',
  'encoders-audio',
  'encoders-text',
  'encoders-vision',
  'fusion',
  'gan',
  'losses',
  'search',
  'vae',
];
/** They replace modules of Node, which the others of their process would have too. */
const replacing = ['packages/core/test/train/refused-writes.test.ts', 'packages/core/test/train/reports.test.ts'];
const names = `{${together.join(',')}}`;

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    setupFiles: ['./tools/testkit/src/setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // Two files run at a time, on two cores: with a thread each they do not wait for one another. Tests of threads name their number.
    env: { TFJS_ONNX_THREADS: '1' },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    restoreMocks: true,
    projects: [
      {
        extends: true,
        test: {
          name: 'together',
          isolate: false,
          include: [`packages/${names}/test/**/*.test.ts`],
          exclude: replacing,
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: [
            `packages/!(${together.join('|')})/test/**/*.test.ts`,
            ...replacing,
            'apps/*/test/**/*.test.ts',
            'tools/*/test/**/*.test.ts',
            'test/**/*.test.ts',
          ],
        },
      },
    ],
  },
});
