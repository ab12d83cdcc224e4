import { readFile } from 'node:fs/promises';
import type { Waveform } from '@crossmodal/encoders-audio';
import { decodeSound } from './sound.js';

/** A recording to decode on another thread: the path of its file, or its bytes. */
export interface SoundTask {
  source: string | Uint8Array;
  label: string;
  /** That of the recording unless given. */
  sampleRate?: number | undefined;
}

/** What the threads of `soundPool` call. */
export async function decode({ source, label, sampleRate }: SoundTask): Promise<Waveform> {
  return decodeSound(typeof source === 'string' ? await readFile(source) : source, { label, sampleRate });
}
