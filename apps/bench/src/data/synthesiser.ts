import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import createEspeak from 'espeak-ng';
import wavefile from 'wavefile';
import type { Voice } from './speech.js';
import { cutAtPauses, joinWithPauses, type Recording } from './utterances.js';

/** Written between two names, and the shortest silence at which they are cut apart again. */
const pauseSeconds = 1.2;
const cutSeconds = 0.9;

/** Words per minute: a little brisk, espeak's own default is 175. */
const wordsPerMinute = 190;

let compiled: Promise<WebAssembly.Module> | undefined;

/**
 * Speaks several names with one voice. They are spoken in one go with pauses between, since starting the synthesiser
 * takes fifty times as long as a name; when the pieces do not come out one per name, each is spoken by itself.
 *
 * @returns one recording per text.
 */
export async function speak(texts: readonly string[], voice: Voice): Promise<Recording[]> {
  if (texts.length === 0) return [];
  const whole = await run(joinWithPauses(texts, { pauseSeconds }), voice);
  const pieces = cutAtPauses(whole, { pauseSeconds: cutSeconds });
  if (pieces.length === texts.length) return pieces.map((samples) => ({ samples, sampleRate: whole.sampleRate }));
  if (texts.length === 1) return [whole];
  const middle = Math.ceil(texts.length / 2);
  return [...(await speak(texts.slice(0, middle), voice)), ...(await speak(texts.slice(middle), voice))];
}

/** A recording as the bytes of a 16-bit mono wav file. */
export function wavBytes({ samples, sampleRate }: Recording): Uint8Array {
  const wav = new wavefile.WaveFile();
  wav.fromScratch(1, sampleRate, '16', samples);
  return wav.toBuffer();
}

async function run(ssml: string, voice: Voice): Promise<Recording> {
  compiled ??= compile();
  const module = await compiled;
  const espeak = await createEspeak({
    arguments: [
      '-m',
      '-s',
      String(wordsPerMinute),
      '-v',
      voice.variant,
      '-p',
      String(voice.pitch),
      '-w',
      'out.wav',
      '-f',
      'in.txt',
    ],
    preRun: [({ FS }) => FS.writeFile('in.txt', ssml)],
    print: () => {},
    printErr: () => {},
    instantiateWasm: (imports, receive) => {
      void WebAssembly.instantiate(module, imports).then((instance) => receive(instance, module));
      return {};
    },
  });
  const wav = new wavefile.WaveFile(espeak.FS.readFile('out.wav'));
  const samples = wav.getSamples(false, Int16Array) as unknown as Int16Array;
  return { samples, sampleRate: (wav.fmt as { sampleRate: number }).sampleRate };
}

async function compile(): Promise<WebAssembly.Module> {
  const file = createRequire(import.meta.url).resolve('espeak-ng');
  return WebAssembly.compile(await readFile(join(file, '..', 'espeak-ng.wasm')));
}
