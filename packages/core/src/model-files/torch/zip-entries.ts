import { CrossmodalError } from '../../errors.js';
import type { ModelFile } from '../model-files.js';

/** Where an entry that is stored as it is lies in a zip file. */
export interface ZipEntry {
  begin: number;
  size: number;
}

/** Checkpoints of many thousand tensors have directories of a few megabytes. */
const directoryLimit = 64 * 2 ** 20;

/**
 * The entries of a zip file without compression, as torch.save writes it; large files (zip64) too.
 *
 * @throws CrossmodalError when it is no zip file, is cut short, or an entry is compressed
 */
export async function zipEntries(file: ModelFile): Promise<Map<string, ZipEntry>> {
  const malformed = (problem: string) =>
    new CrossmodalError(`${file.label}: not a zip file as torch writes it: ${problem}`);
  const tailSize = Math.min(file.size, 65_557);
  const tail = await file.read(file.size - tailSize, file.size);
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  let end = tailSize - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0) throw malformed('its directory is missing, it may be cut short');
  let [count, size, begin] = [
    view.getUint16(end + 10, true),
    view.getUint32(end + 12, true),
    view.getUint32(end + 16, true),
  ];
  if (end >= 20 && view.getUint32(end - 20, true) === 0x07064b50) {
    const at = Number(view.getBigUint64(end - 12, true));
    const record = await bytesAt(file, at, 56);
    if (record.getUint32(0, true) !== 0x06064b50) throw malformed('its zip64 record is missing');
    [count, size, begin] = [24, 40, 48].map((offset) => Number(record.getBigUint64(offset, true))) as [
      number,
      number,
      number,
    ];
    count = Number(record.getBigUint64(32, true));
  }
  if (size > directoryLimit || begin + size > file.size) throw malformed('its directory is beyond reason');
  const directory = await bytesAt(file, begin, size);
  const entries = new Map<string, ZipEntry>();
  for (let at = 0, i = 0; i < count; i++) {
    if (at + 46 > size || directory.getUint32(at, true) !== 0x02014b50) throw malformed('its directory is damaged');
    const method = directory.getUint16(at + 10, true);
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) =>
      directory.getUint16(at + offset, true),
    ) as [number, number, number];
    const extraEnd = at + 46 + nameLength + extraLength;
    if (extraEnd + commentLength > size) throw malformed('its directory is damaged');
    let [stored, whole, place] = [
      directory.getUint32(at + 20, true),
      directory.getUint32(at + 24, true),
      directory.getUint32(at + 42, true),
    ];
    const name = new TextDecoder().decode(new Uint8Array(directory.buffer, directory.byteOffset + at + 46, nameLength));
    for (let extra = at + 46 + nameLength; extra + 4 <= extraEnd; ) {
      if (directory.getUint16(extra, true) === 1) {
        let field = extra + 4;
        const next = () => {
          if (field + 8 > extraEnd) throw malformed('its directory is damaged');
          field += 8;
          return Number(directory.getBigUint64(field - 8, true));
        };
        if (whole === 0xffffffff) whole = next();
        if (stored === 0xffffffff) stored = next();
        if (place === 0xffffffff) place = next();
      }
      extra += 4 + directory.getUint16(extra + 2, true);
    }
    if (method !== 0 || stored !== whole) throw malformed(`${name} is compressed`);
    const local = await bytesAt(file, place, 30);
    const data = place + 30 + local.getUint16(26, true) + local.getUint16(28, true);
    if (data + whole > file.size) throw malformed(`${name} lies beyond its end`);
    entries.set(name, { begin: data, size: whole });
    at += 46 + nameLength + extraLength + commentLength;
  }
  return entries;
}

async function bytesAt(file: ModelFile, begin: number, size: number): Promise<DataView> {
  if (begin < 0 || begin + size > file.size)
    throw new CrossmodalError(`${file.label}: not a zip file: it is cut short`);
  const bytes = await file.read(begin, begin + size);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
