import { CrossmodalError } from '@crossmodal/core';
import { MAXIMUM_RATE } from '../waveform.js';

/** What the `fmt ` chunk says. */
export interface WavFormat {
  /** 1 PCM, 2 Microsoft ADPCM, 3 float, 6 A-law, 7 mu-law, 17 IMA ADPCM. */
  code: number;
  channels: number;
  sampleRate: number;
  /** Bytes of one frame, or of one compressed block. */
  blockAlign: number;
  bits: number;
  /** Pairs of predictor coefficients of Microsoft ADPCM. */
  coefficients: readonly (readonly [number, number])[];
}

const extensible = 0xfffe;

/** @throws CrossmodalError for a chunk that is cut short, no channels, or a rate that no recording has. */
export function wavFormat(chunk: Uint8Array, littleEndian: boolean, source: string): WavFormat {
  const fail = (what: string) =>
    new CrossmodalError(`readWav: ${source} ${what}`, { remedy: 'its header is damaged: convert the file again' });
  if (chunk.length < 16) throw fail(`has a damaged header: its format chunk has ${chunk.length} bytes`);
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  const short = (at: number) => view.getUint16(at, littleEndian);
  const code = short(0) === extensible && chunk.length >= 26 ? short(24) : short(0);
  const [channels, sampleRate, blockAlign, bits] = [short(2), view.getUint32(4, littleEndian), short(12), short(14)];
  if (channels === 0 || sampleRate === 0 || sampleRate > MAXIMUM_RATE) {
    throw fail(`says ${channels} channels at ${sampleRate} Hz`);
  }
  return {
    code,
    channels,
    sampleRate,
    blockAlign,
    bits,
    coefficients: code === 2 ? coefficientsOf(view, littleEndian) : [],
  };
}

function coefficientsOf(view: DataView, littleEndian: boolean): [number, number][] {
  const count = view.byteLength >= 22 ? view.getUint16(20, littleEndian) : 0;
  return Array.from({ length: Math.min(count, Math.floor((view.byteLength - 22) / 4)) }, (_, i) => [
    view.getInt16(22 + 4 * i, littleEndian),
    view.getInt16(24 + 4 * i, littleEndian),
  ]);
}
