import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const child = fileURLToPath(new URL('no-backend-child.ts', import.meta.url));

test('whoever forgets useDevice is told so by each function that needs it', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=@crossmodal/source', '--import', 'tsx', child],
    { timeout: 60_000 },
  );
  const messages = JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, string>;
  expect(Object.keys(messages).length).toBeGreaterThan(7);
  for (const [name, message] of Object.entries(messages)) {
    expect(message, name).toBe(
      `${name}: nothing is there yet to compute tensors; call \`await useDevice()\` of '@crossmodal/core/device' first (in a browser, import a backend of TensorFlow.js)`,
    );
  }
});
