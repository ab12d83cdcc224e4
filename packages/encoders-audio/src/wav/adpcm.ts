/** What a block decoder needs to know of the file. */
export interface AdpcmLayout {
  channels: number;
  /** Bytes of a block. */
  blockAlign: number;
  littleEndian: boolean;
  /** Samples per channel that the file announces; 0 when it does not say. */
  announced: number;
}

/**
 * How many samples count: the announced ones where the last block is only filled up beyond them. Some writers announce nonsense (libsndfile
 * divides by the channels twice), which is passed over.
 */
function counted(frames: number, perBlock: number, announced: number): number {
  return announced > frames - perBlock && announced < frames ? announced : frames;
}

const clip = (value: number) => Math.max(-32768, Math.min(32767, value));

/** The quantiser's steps: each about a tenth larger than the one before. */
const stepSizes = [
  7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66, 73, 80, 88, 97, 107, 118,
  130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449, 494, 544, 598, 658, 724, 796, 876, 963, 1060,
  1166, 1282, 1411, 1552, 1707, 1878, 2066, 2272, 2499, 2749, 3024, 3327, 3660, 4026, 4428, 4871, 5358, 5894, 6484,
  7132, 7845, 8630, 9493, 10442, 11487, 12635, 13899, 15289, 16818, 18500, 20350, 22385, 24623, 27086, 29794, 32767,
] as const;
const indexChanges = [-1, -1, -1, -1, 2, 4, 6, 8] as const;

/**
 * IMA ADPCM: each block begins with one sample and the step index of each channel; then come 4-bit codes, low half first, in runs of
 * eight per channel.
 *
 * @returns channels of 16-bit amplitudes; a last block that is not whole gives the samples that are there
 * @see IMA Digital Audio Focus and Technical Working Groups (1992), Recommended Practices for Enhancing Digital Audio Compatibility
 */
export function imaAdpcm(
  bytes: Uint8Array,
  { channels, blockAlign, littleEndian, announced }: AdpcmLayout,
): Int16Array[] {
  const header = 4 * channels;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const runs = Math.floor((blockAlign - header) / header);
  const perBlock = 1 + 8 * runs;
  const blocks = Math.ceil(bytes.length / blockAlign);
  const out = Array.from({ length: channels }, () => new Int16Array(blocks * perBlock));
  let frames = 0;
  for (let block = 0; block < blocks; block++) {
    const start = block * blockAlign;
    const there = Math.min(bytes.length - start, blockAlign);
    if (there < header) break;
    const ownRuns = Math.floor((there - header) / header);
    out.forEach((samples, c) => {
      let value = view.getInt16(start + 4 * c, littleEndian);
      let index = Math.min(bytes[start + 4 * c + 2] as number, stepSizes.length - 1);
      let t = block * perBlock;
      samples[t++] = value;
      for (let run = 0; run < ownRuns; run++) {
        const from = start + header + (run * channels + c) * 4;
        for (let i = 0; i < 8; i++) {
          const pair = bytes[from + (i >> 1)] as number;
          const code = i % 2 === 0 ? pair & 15 : pair >> 4;
          const step = stepSizes[index] as number;
          let change = step >> 3;
          if (code & 1) change += step >> 2;
          if (code & 2) change += step >> 1;
          if (code & 4) change += step;
          value = clip(code & 8 ? value - change : value + change);
          index = Math.max(0, Math.min(stepSizes.length - 1, index + (indexChanges[code & 7] as number)));
          samples[t++] = value;
        }
      }
    });
    frames = block * perBlock + 1 + 8 * ownRuns;
  }
  return out.map((samples) => samples.slice(0, counted(frames, perBlock, announced)));
}

/** Coefficients of a file that does not list its own. */
const standardCoefficients = [
  [256, 0],
  [512, -256],
  [0, 0],
  [192, 64],
  [240, 0],
  [460, -208],
  [392, -232],
] as const;
/** How the step follows the code, in 256ths. */
const adaptation = [230, 230, 230, 230, 307, 409, 512, 614, 768, 614, 512, 409, 307, 230, 230, 230] as const;

/**
 * Microsoft ADPCM: each block begins with a predictor, a step and two samples of each channel; then come 4-bit codes, high half first,
 * the channels in turn.
 *
 * @returns channels of 16-bit amplitudes; a last block that is not whole gives the samples that are there
 * @see Microsoft (1994), New Multimedia Data Types and Data Techniques, revision 3
 */
export function microsoftAdpcm(
  bytes: Uint8Array,
  { channels, blockAlign, littleEndian, announced }: AdpcmLayout,
  coefficients: readonly (readonly [number, number])[],
): Int16Array[] {
  const table = coefficients.length > 0 ? coefficients : standardCoefficients;
  const header = 7 * channels;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const perBlock = 2 + Math.floor((2 * (blockAlign - header)) / channels);
  const blocks = Math.ceil(bytes.length / blockAlign);
  const out = Array.from({ length: channels }, () => new Int16Array(blocks * perBlock));
  let frames = 0;
  for (let block = 0; block < blocks; block++) {
    const start = block * blockAlign;
    const there = Math.min(bytes.length - start, blockAlign);
    if (there < header) break;
    const own = Math.floor((2 * (there - header)) / channels);
    const short = (group: number, c: number) =>
      view.getInt16(start + channels + 2 * (group * channels + c), littleEndian);
    out.forEach((samples, c) => {
      const [first, second] = table[bytes[start + c] as number] ?? standardCoefficients[0];
      let [step, newest, older] = [short(0, c), short(1, c), short(2, c)];
      let t = block * perBlock;
      samples[t++] = older;
      samples[t++] = newest;
      for (let i = 0; i < own; i++) {
        const place = i * channels + c;
        const pair = bytes[start + header + (place >> 1)] as number;
        const code = place % 2 === 0 ? pair >> 4 : pair & 15;
        const predicted = (newest * first + older * second) >> 8;
        older = newest;
        newest = clip(predicted + (code >= 8 ? code - 16 : code) * step);
        step = Math.max(16, ((adaptation[code] as number) * step) >> 8);
        samples[t++] = newest;
      }
    });
    frames = block * perBlock + 2 + own;
  }
  return out.map((samples) => samples.slice(0, counted(frames, perBlock, announced)));
}
