import { CrossmodalError } from '@crossmodal/core';
import { type WavFormat, wavFormat } from './format.js';

/** What the RIFF walk finds before anything is decoded. */
export interface WavLayout {
  littleEndian: boolean;
  format: WavFormat;
  /** Byte range of the sample data. */
  dataStart: number;
  dataLength: number;
  /** Samples per channel that the file announces, of compressed sound; 0 when it does not say. */
  frames: number;
}

/**
 * Lengths that stream writers leave in a header which they cannot rewrite: all ones (ffmpeg), 2^31 - 1 or 2^31 (arecord), 0x7ffff000 (sox),
 * 0x7fff0000 (GStreamer), each rounded down to whole frames and less the size of a header, hence the room below.
 */
function isOpenLength(length: number): boolean {
  const room = 4096;
  return (length >= 0x7fff0000 - room && length <= 0x80000000) || length >= 0xffffffff - room;
}

/**
 * Walks the chunks of a wav file and checks that the data chunk is there and whole.
 *
 * @throws CrossmodalError naming `source` when the bytes are empty, are not a RIFF wave file, or end too early
 */
export function wavLayout(bytes: Uint8Array, source: string): WavLayout {
  const fail = (what: string, remedy: string) => new CrossmodalError(`readWav: ${source} ${what}`, { remedy });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (bytes.length === 0) throw fail('is empty (0 bytes)', 'write the file again, or leave it out');
  const container = text(0);
  if (bytes.length < 12 || !['RIFF', 'RIFX', 'RF64', 'BW64'].includes(container) || text(8) !== 'WAVE') {
    const remedy = 'convert it, for example with `ffmpeg -i input output.wav`';
    throw fail(`is not a wav file (it begins with ${JSON.stringify(text(0))}, not RIFF ... WAVE)`, remedy);
  }
  const littleEndian = container !== 'RIFX';
  let longLength: number | undefined;
  let format: WavFormat | undefined;
  let frames = 0;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const id = text(at);
    const length = view.getUint32(at + 4, littleEndian);
    const start = at + 8;
    if (id === 'fmt ' && start + length > bytes.length) break;
    if (id === 'fmt ') format = wavFormat(bytes.subarray(start, start + length), littleEndian, source);
    if (id === 'fact' && start + 4 <= bytes.length) frames = view.getUint32(start, littleEndian);
    if (id === 'ds64' && start + 16 <= bytes.length) {
      longLength = view.getUint32(start + 12, true) * 2 ** 32 + view.getUint32(start + 8, true);
    }
    if (id === 'data') {
      if (!format) throw fail('has no format chunk before its data', 'convert it with ffmpeg or sox');
      const available = bytes.length - start;
      const announced = length === 0xffffffff && longLength !== undefined ? longLength : length;
      const open = isOpenLength(announced) || (announced === 0 && !areChunks(bytes, start, littleEndian));
      const dataLength = open ? Math.min(announced || available, available) : announced;
      if (dataLength > available) {
        throw fail(
          `is cut short: its header announces ${dataLength} bytes of sound, ${available} are there`,
          'copy or record the file again, or leave it out',
        );
      }
      return { littleEndian, format, dataStart: start, dataLength, frames };
    }
    at = start + length + (length % 2);
  }
  throw fail('is cut short: it has no data chunk', 'copy or record the file again, or leave it out');
}

/** Whether a chain of whole chunks with readable names goes from here to the end: what follows a data chunk that is really empty. */
function areChunks(bytes: Uint8Array, from: number, littleEndian: boolean): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = from;
  while (at + 8 <= bytes.length) {
    if (bytes.subarray(at, at + 4).some((byte) => byte < 0x20 || byte > 0x7e)) return false;
    const length = view.getUint32(at + 4, littleEndian);
    at += 8 + length + (length % 2);
  }
  return at === bytes.length || at === bytes.length + 1; // some writers leave the last padding byte out
}
