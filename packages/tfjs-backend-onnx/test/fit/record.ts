/**
 * Records the losses of the program on tfjs-node into tfjs-node.json. From the folder of this package, with tfjs-node somewhere:
 *
 *   NODE_PATH=/path/to/node_modules node --import tsx test/fit/record.ts
 */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { lossesOfFit, type Tf } from './program.js';

const tf = createRequire(import.meta.url)('@tensorflow/tfjs-node') as Tf & { version: Record<string, string> };
const recorded = {
  generator: 'test/fit/record.ts',
  backend: tf.getBackend(),
  versions: tf.version,
  losses: await lossesOfFit(tf),
};
writeFileSync(new URL('tfjs-node.json', import.meta.url), `${JSON.stringify(recorded, undefined, 1)}\n`);
