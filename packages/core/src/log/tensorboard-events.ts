import { maskedCrc32c } from './crc32c.js';
import { bytesField, doubleField, doublesField, floatField, integerField } from './protobuf.js';

/** When and at which step something was measured. */
export interface EventTime {
  step: number;
  /** Seconds since 1970. */
  wallTime: number;
}

/** One record of an event file: length, its checksum, data, its checksum. */
export function record(data: Uint8Array): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  const checks = Buffer.alloc(8);
  checks.writeUInt32LE(maskedCrc32c(length), 0);
  checks.writeUInt32LE(maskedCrc32c(data), 4);
  return Buffer.concat([length, checks.subarray(0, 4), data, checks.subarray(4)]);
}

/** The first event of each file. */
export function versionEvent(wallTime: number): Buffer {
  return Buffer.concat([doubleField(1, wallTime), bytesField(3, 'brain.Event:2')]);
}

/** Tells readers that a run goes on from this step: what a former process wrote from here on no longer counts. */
export function restartEvent({ step, wallTime }: EventTime): Buffer {
  return Buffer.concat([time({ step, wallTime }), bytesField(7, integerField(1, 1))]);
}

function time({ step, wallTime }: EventTime): Buffer {
  const clock = doubleField(1, wallTime);
  return step === 0 ? clock : Buffer.concat([clock, integerField(2, step)]);
}

function summaryEvent(at: EventTime, tag: string, ...fields: Buffer[]): Buffer {
  const value = Buffer.concat([bytesField(1, tag), ...fields]);
  return Buffer.concat([time(at), bytesField(5, bytesField(1, value))]);
}

export function scalarEvent(at: EventTime, tag: string, value: number): Buffer {
  return summaryEvent(at, tag, floatField(2, value));
}

/** A text, shown as Markdown. */
export function textEvent(at: EventTime, tag: string, text: string): Buffer {
  const shape = bytesField(2, bytesField(2, integerField(1, 1)));
  const tensor = Buffer.concat([integerField(1, 7), shape, bytesField(8, text)]);
  const metadata = bytesField(1, bytesField(1, 'text'));
  return summaryEvent(at, `${tag}/text_summary`, bytesField(8, tensor), bytesField(9, metadata));
}

/** A picture in an encoded form that browsers read (PNG, JPEG). */
export function imageEvent(
  at: EventTime,
  tag: string,
  { width, height, bytes, channels = 3 }: { width: number; height: number; bytes: Uint8Array; channels?: number },
): Buffer {
  const image = Buffer.concat([
    integerField(1, height),
    integerField(2, width),
    integerField(3, channels),
    bytesField(4, bytes),
  ]);
  return summaryEvent(at, tag, bytesField(4, image));
}

/** TensorFlow's bucket limits: from 1e-12 upwards by a factor of 1.1, mirrored. */
function bucketLimits(): number[] {
  const positive: number[] = [];
  for (let limit = 1e-12; limit < 1e20; limit *= 1.1) positive.push(limit);
  return [...positive.map((limit) => -limit).reverse(), 0, ...positive, Number.MAX_VALUE];
}
let limits: number[] | undefined;

/** The distribution of values. */
export function histogramEvent(at: EventTime, tag: string, values: ArrayLike<number>): Buffer {
  limits ??= bucketLimits();
  const counts = new Array<number>(limits.length).fill(0);
  let [sum, squares, minimum, maximum] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    sum += value;
    squares += value * value;
    minimum = Math.min(minimum, value);
    maximum = Math.max(maximum, value);
    let [low, high] = [0, limits.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((limits[middle] as number) < value) low = middle + 1;
      else high = middle;
    }
    counts[low] = (counts[low] as number) + 1;
  }
  // Empty buckets at both ends say nothing.
  const first = Math.max(0, counts.findIndex((count) => count > 0) - 1);
  const last = counts.findLastIndex((count) => count > 0);
  const histogram = Buffer.concat([
    doubleField(1, minimum),
    doubleField(2, maximum),
    doubleField(3, values.length),
    doubleField(4, sum),
    doubleField(5, squares),
    doublesField(6, limits.slice(first, last + 1)),
    doublesField(7, counts.slice(first, last + 1)),
  ]);
  return summaryEvent(at, tag, bytesField(5, histogram));
}
