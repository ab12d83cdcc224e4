import { openFolder } from '@crossmodal/core/models';
import { huggingFaceCase } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { beam, greedy, loadLanguageModel } from '../../src/index.js';
import { useTestBackend } from '../backend.js';

useTestBackend('cpu');

/** Only the backend of our own counts its graphs. */
const otherDevice = (process.env['CROSSMODAL_DEVICE'] ?? 'cpu') !== 'cpu';

/** What `profile` of the backend reads: how many graphs were built and run so far, and what ran in JavaScript instead. */
interface Statistics {
  builds: number;
  runs: number;
  fallbacks: ReadonlyMap<string, number>;
}

describe('generation', () => {
  it.skipIf(otherDevice)(
    'builds no graph for a step: the number of sessions does not depend on how many tokens are generated',
    async () => {
      const { statistics } = tf.backend() as unknown as { statistics: Statistics };
      const fallbacks = [...statistics.fallbacks.keys()];
      const model = await loadLanguageModel(await openFolder(huggingFaceCase('gpt2').folder));
      const count = async (run: () => Promise<unknown>) => {
        const [builds, runs] = [statistics.builds, statistics.runs];
        await run();
        return { builds: statistics.builds - builds, runs: statistics.runs - runs };
      };
      const generate =
        (strategy = greedy(), maximumLength = 24) =>
        () =>
          // Tokens that never end a sequence: what is generated is always as long as it may be.
          model.generate([[5, 6, 7, 8]], { strategy, maximumLength });
      const first = await count(generate(greedy(), 24));
      // A block of the prompt, and steps: each as it is, then compiled.
      expect(first.builds).toBeLessThanOrEqual(6);
      const again = await count(generate(greedy(), 24));
      expect(again.builds).toBeLessThanOrEqual(1);
      const third = await count(generate(greedy(), 26));
      expect(third.builds).toBe(0);
      expect(third.runs).toBeGreaterThan(20);
      await count(generate(beam({ width: 3 }), 24));
      await count(generate(beam({ width: 3 }), 24));
      const beams = await count(generate(beam({ width: 3 }), 25));
      expect(beams.builds).toBe(0);
      expect([...statistics.fallbacks.keys()]).toEqual(fallbacks);
      model.dispose();
    },
  );

  it('keeps a bounded number of key/value caches, serves calls at one time, and gives them all back', async () => {
    const empty = tf.memory().numTensors;
    const model = await loadLanguageModel(await openFolder(huggingFaceCase('gpt2').folder));
    const weights = tf.memory().numTensors;
    const prompt = [5, 6, 7];
    const sizes: number[] = [];
    for (let rows = 1; rows <= 8; rows++) {
      await model.generate(
        Array.from({ length: rows }, () => prompt),
        { maximumLength: 3 },
      );
      sizes.push(tf.memory().numTensors - weights);
    }
    expect(sizes[7]).toBe(sizes[3]); // four caches, however many shapes there were
    const ask = (id: number) => model.generate([[id, 6, 7]], { maximumLength: 8 });
    const sequential = [await ask(5), await ask(9)];
    expect(sequential[0]).not.toEqual(sequential[1]);
    expect(await Promise.all([ask(5), ask(9)])).toEqual(sequential);
    // A call that fails does not stop those behind it.
    const [failure, success] = await Promise.allSettled([
      model.generate([[5, 6, 7]], { strategy: beam({ width: 320 }) }),
      ask(9),
    ]);
    expect(failure.status).toBe('rejected');
    expect(success).toMatchObject({ value: sequential[1] });
    const before = tf.memory().numTensors;
    await expect(model.generate([[]])).rejects.toThrow(/prompts must have 1 to 48 tokens, got 0/);
    await expect(model.generate([[999]])).rejects.toThrow(/numbers in \[0, 320\), got 999/);
    await expect(model.generate(['text'])).rejects.toThrow(/need a tokenizer/);
    await expect(model.generate([])).rejects.toThrow(/at least one prompt/);
    await expect(model.generate([new Array<number>(49).fill(3)])).rejects.toThrow(/1 to 48 tokens, got 49/);
    expect(tf.memory().numTensors).toBe(before);
    model.dispose();
    expect(tf.memory().numTensors).toBe(empty);
  });
});
