// Loads every model in a folder, knowing nothing of how they were made, and prints what they say of fixed inputs.
import '@tensorflow/tfjs-layers';
import { createHash } from 'node:crypto';
import { savedModelType } from '@crossmodal/core';
import { useDevice } from '@crossmodal/core/device';
import { openFolder } from '@crossmodal/core/models';
import { kinds, loaders } from './kinds.js';

await useDevice('js');
const [root] = process.argv.slice(2);
const answers: Record<string, string> = {};
for (const [i, name] of Object.keys(kinds).entries()) {
  const files = await openFolder(`${root}/${i}`);
  const model = await loaders[await savedModelType(files)]!(files);
  const output = await kinds[name]!.probe(model as never);
  answers[name] = `${output.shape} ${createHash('sha256')
    .update(new Uint8Array((await output.data()).buffer))
    .digest('hex')}`;
}
process.stdout.write(`${JSON.stringify(answers)}\n`);
