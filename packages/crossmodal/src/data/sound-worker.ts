import { readFile } from 'node:fs/promises';
import { decodeSound, type Waveform } from '@crossmodal/encoders-audio';

/** A recording to decode on another thread: the path of its file, or its bytes. */
export interface SoundTask {
  source: string | Uint8Array;
  /** For messages. */
  label: string;
}

/** What the threads of `soundPool` call. */
export async function decode({ source, label }: SoundTask): Promise<Waveform> {
  return decodeSound(typeof source === 'string' ? await readFile(source) : source, { source: label });
}
