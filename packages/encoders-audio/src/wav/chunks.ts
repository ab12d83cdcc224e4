import { CrossmodalError } from '@crossmodal/core';

/** What the RIFF walk finds before anything is decoded. */
export interface WavLayout {
  container: 'RIFF' | 'RIFX' | 'RF64';
  /** Byte range of the sample data. */
  dataStart: number;
  dataLength: number;
  /** True when a stream writer left the data length open. */
  openEnded: boolean;
}

/** Lengths that stream writers (ffmpeg and sox pipes, eSpeak) leave in a header that they cannot rewrite. */
const openLengths = new Set([0xffffffff, 0x7ffff000, 0x7fffffff]);

/**
 * Walks the chunks of a wav file and checks that the data chunk is there and whole. `wavefile` itself reads on
 * silently when a file was cut short, hence this look before it.
 *
 * @throws CrossmodalError naming `source` when the bytes are empty, are not a RIFF wave file, or end too early
 */
export function wavLayout(bytes: Uint8Array, source: string): WavLayout {
  const fail = (what: string, remedy: string) => new CrossmodalError(`readWav: ${source} ${what}`, { remedy });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (bytes.length === 0) throw fail('is empty (0 bytes)', 'write the file again, or leave it out');
  const container = text(0);
  if (bytes.length < 12 || !['RIFF', 'RIFX', 'RF64'].includes(container) || text(8) !== 'WAVE') {
    const remedy = 'convert it, for example with `ffmpeg -i input output.wav`';
    throw fail(`is not a wav file (it begins with ${JSON.stringify(text(0))}, not RIFF ... WAVE)`, remedy);
  }
  const littleEndian = container !== 'RIFX';
  let longLength: number | undefined;
  let format = false;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const id = text(at);
    const length = view.getUint32(at + 4, littleEndian);
    const start = at + 8;
    if (id === 'fmt ') format = true;
    if (id === 'ds64' && start + 16 <= bytes.length) {
      longLength = view.getUint32(start + 12, true) * 2 ** 32 + view.getUint32(start + 8, true);
    }
    if (id === 'data') {
      if (!format) throw fail('has no format chunk before its data', 'convert it with ffmpeg or sox');
      const available = bytes.length - start;
      const openEnded = openLengths.has(length) && (container !== 'RF64' || longLength === undefined);
      const dataLength = openEnded ? available : length === 0xffffffff ? (longLength ?? available) : length;
      if (dataLength > available) {
        throw fail(
          `is cut short: its header announces ${dataLength} bytes of sound, ${available} are there`,
          'copy or record the file again, or leave it out',
        );
      }
      return { container: container as WavLayout['container'], dataStart: start, dataLength, openEnded };
    }
    at = start + length + (length % 2);
  }
  throw fail('is cut short: it has no data chunk', 'copy or record the file again, or leave it out');
}
