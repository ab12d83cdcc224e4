import { type ChildProcess, fork } from 'node:child_process';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CrossmodalError } from '@crossmodal/core';
import { type CacheWatcher, FileCache } from './cache.js';

/** A speaker. */
export interface Voice {
  /** Language and variant as espeak-ng knows them, such as `en-gb+f1`. */
  readonly variant: string;
  /** 0 to 99; espeak's own default is 50. */
  readonly pitch: number;
}

/** A name to be spoken and the voice that speaks it. */
export interface Utterance {
  /** Names the file; the hexcode of the emoji. */
  readonly id: string;
  readonly text: string;
  readonly voice: Voice;
}

/** Names per run of the synthesiser. */
const batchSize = 80;

/** Changes whenever the way of speaking does, so that older caches are not used. */
const recipe = 'espeak-ng 1.0.2, wav-v1';

/**
 * Spoken names as wav files (mono, 16 bit, 22,050 Hz), synthesised once into a cache by child processes.
 *
 * @returns the path of each utterance, in order.
 * @throws CrossmodalError when the synthesiser fails.
 */
export async function speakNames(
  utterances: readonly Utterance[],
  { cacheFolder, ...watcher }: { cacheFolder: string } & CacheWatcher,
): Promise<string[]> {
  const cache = await FileCache.open(join(cacheFolder, 'speech'), recipe);
  // The text is part of the name: a corrected annotation is spoken anew.
  const nameOf = ({ id, voice, text }: Utterance) => `${voiceName(voice)}/${id}-${shortHash(text)}.wav`;
  const byName = new Map(utterances.map((utterance) => [nameOf(utterance), utterance]));
  return cache.ensure(
    utterances.map(nameOf),
    async (missing, put) => {
      const batches = batchesByVoice(missing.map((name) => ({ name, utterance: byName.get(name)! })));
      const workers = Math.max(1, Math.min(cpus().length, batches.length));
      let failed = false;
      await Promise.all(
        Array.from({ length: workers }, async () => {
          const synthesiser = new SynthesiserProcess();
          try {
            for (let batch = batches.shift(); batch && !failed; batch = batches.shift()) {
              const files = await synthesiser.speak(batch.map(({ utterance }) => utterance));
              for (const [index, { name }] of batch.entries()) await put(name, files[index]!);
            }
          } catch (error) {
            failed = true;
            throw error;
          } finally {
            synthesiser.stop();
          }
        }),
      );
    },
    watcher,
  );
}

/** The folder of a voice. */
export function voiceName({ variant, pitch }: Voice): string {
  return `${variant}-p${pitch}`;
}

interface Named {
  name: string;
  utterance: Utterance;
}

function batchesByVoice(items: readonly Named[]): Named[][] {
  const byVoice = new Map<string, Named[]>();
  for (const item of items) {
    const voice = voiceName(item.utterance.voice);
    const list = byVoice.get(voice) ?? [];
    list.push(item);
    byVoice.set(voice, list);
  }
  return [...byVoice.values()].flatMap((list) =>
    Array.from({ length: Math.ceil(list.length / batchSize) }, (_, index) =>
      list.slice(index * batchSize, (index + 1) * batchSize),
    ),
  );
}

/** One child process that speaks on request; a process of its own, for the synthesiser's glue takes over `process`. */
class SynthesiserProcess {
  readonly #child: ChildProcess;
  #errors = '';

  constructor() {
    const file = fileURLToPath(new URL('./synthesiser-process.ts', import.meta.url));
    this.#child = fork(file, [], {
      cwd: dirname(file), // from where `tsx` is found
      execArgv: ['--conditions=@crossmodal/source', '--import', 'tsx'],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#errors += chunk.toString();
    });
  }

  /** The wav bytes of texts of one voice. */
  async speak(utterances: readonly Utterance[]): Promise<Uint8Array[]> {
    const voice = utterances[0]!.voice;
    const answer = await new Promise<{ files?: Uint8Array[]; error?: string }>((resolve, reject) => {
      const onExit = (code: number | null) =>
        reject(new Error(`the process ended with code ${code}: ${this.#errors.trim().split('\n').at(-1) ?? ''}`));
      this.#child.once('exit', onExit);
      this.#child.once('error', reject);
      this.#child.once('message', (message) => {
        this.#child.off('exit', onExit);
        this.#child.off('error', reject);
        resolve(message as { files?: Uint8Array[]; error?: string });
      });
      this.#child.send({ voice, texts: utterances.map(({ text }) => text) });
    }).catch((error: Error) => ({ files: undefined, error: error.message }));
    if (answer.files?.length === utterances.length) return answer.files;
    throw new CrossmodalError(
      `speech: espeak-ng failed with voice ${voiceName(voice)} (${answer.error ?? 'wrong number of files'})`,
      {
        remedy:
          'remove the folder node_modules and run again, to install the package espeak-ng afresh, or leave the speech entry out (run ID ...)',
      },
    );
  }

  stop(): void {
    this.#child.kill();
  }
}

function shortHash(text: string): string {
  let hash = 0x811c9dc5; // FNV-1a
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
