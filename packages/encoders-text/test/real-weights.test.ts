import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { golden } from '@crossmodal/testkit';
import { expect, it } from 'vitest';
import { loadTextEncoder } from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend('cpu');

const models = process.env['CROSSMODAL_MODELS'];
const folder = new URL('./golden/real/', import.meta.url);

// Nothing of the weights is in the repository: CROSSMODAL_MODELS names a folder that holds all-MiniLM-L6-v2.
it.skipIf(models === undefined)(
  'all-MiniLM-L6-v2: 40 sentences as sentence-transformers has them (needs CROSSMODAL_MODELS)',
  async () => {
    const sentences = JSON.parse(readFileSync(new URL('minilm.json', folder), 'utf8')) as string[];
    const encoder = await loadTextEncoder(join(models!, 'all-MiniLM-L6-v2'));
    const vectors = encoder.encode(await encoder.prepare(sentences));
    const { tensor } = golden(new URL('minilm.safetensors', folder));
    expect(vectors.shape).toEqual([40, 384]);
    expect(vectors).toBeAllclose(tensor('vectors'), { atol: 1e-5 });
    vectors.dispose();
    encoder.dispose();
  },
  60_000,
);
