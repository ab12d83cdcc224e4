// The child process of `speech.ts`: gets { voice, texts }, answers with the wav files' bytes.
import type { Voice } from './speech.js';
import { speak, wavBytes } from './synthesiser.js';

process.on('message', async ({ voice, texts }: { voice: Voice; texts: string[] }) => {
  try {
    const recordings = await speak(texts, voice);
    process.send?.({ files: recordings.map(wavBytes) });
  } catch (error) {
    process.send?.({ error: error instanceof Error ? error.message : String(error) });
  }
});
