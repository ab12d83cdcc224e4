// Started as a process of its own by kill.ts: writes until it is killed, and says what was committed.
import { openContender } from './open-contender.js';

const [kind = '', place = '', name = ''] = process.argv.slice(2);
const store = await openContender(kind, place, name, { dimension: 32, fields: { write: 'number' } });
process.stdout.write('ready\n');
for (let write = 0; ; write++) {
  const items = Array.from({ length: 50 }, (_, i) => ({
    id: `${write}-${i}`,
    vector: Float32Array.from({ length: 32 }, (_, d) => Math.sin(write * 50 + i + d)),
    metadata: { write, padding: 'x'.repeat(2000) },
  }));
  // One call each: an upsert of 49 items is one write, so that the count says how many there were.
  await store.upsert(items.slice(0, 49));
  process.stdout.write(`committed ${write + 1}\n`);
}
