/** Kinds of recordings that are decoded, by the names that audio-decode has for them. */
export type SoundKind = 'wav' | 'mp3' | 'flac' | 'oga' | 'opus' | 'm4a';

/** What a recording is, by its first bytes; names of files may say anything. */
export function soundKind(bytes: Uint8Array): SoundKind | undefined {
  const text = (begin: number, length: number) => String.fromCharCode(...bytes.subarray(begin, begin + length));
  const start = text(0, 4);
  if (['RIFF', 'RIFX', 'RF64', 'BW64'].includes(start)) return 'wav';
  if (start === 'fLaC') return 'flac';
  if (text(4, 4) === 'ftyp') return 'm4a';
  if (start === 'OggS') {
    // The first page holds the header of the codec, behind one byte per segment.
    const at = 27 + (bytes[26] ?? 0);
    if (text(at, 8) === 'OpusHead') return 'opus';
    return text(at + 1, 6) === 'vorbis' ? 'oga' : undefined;
  }
  // Tags of version 2, or eleven ones that a frame of layer 1 to 3 begins with.
  const isFrame = bytes[0] === 0xff && (bytes[1]! & 0xe0) === 0xe0 && (bytes[1]! & 0x06) !== 0;
  return start.startsWith('ID3') || isFrame ? 'mp3' : undefined;
}

/**
 * How many samples a recording says that it has, or undefined where it does not say; and whether its end is missing.
 *
 * @see RFC 9639 (FLAC), section 8.2; RFC 3533 (Ogg), section 6; RFC 7845 (Opus in Ogg), section 4
 */
export function announcedLength(
  bytes: Uint8Array,
  kind: SoundKind,
): { samples: number | undefined; endMissing: boolean } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (kind === 'flac' && bytes.length >= 26) {
    const samples = (bytes[21]! & 0x0f) * 2 ** 32 + view.getUint32(22);
    return { samples: samples === 0 ? undefined : samples, endMissing: false };
  }
  if (kind !== 'oga' && kind !== 'opus') return { samples: undefined, endMissing: false };
  const page = lastPage(bytes);
  if (page === undefined || page + 14 > bytes.length) return { samples: undefined, endMissing: true };
  const granule = view.getUint32(page + 6, true) + view.getUint32(page + 10, true) * 2 ** 32;
  const skipped = kind === 'opus' ? view.getUint16(27 + bytes[26]! + 10, true) : 0;
  return { samples: granule - skipped, endMissing: (bytes[page + 5]! & 4) === 0 };
}

function lastPage(bytes: Uint8Array): number | undefined {
  for (let i = bytes.length - 27; i >= 0; i--) {
    if (bytes[i] === 0x4f && bytes[i + 1] === 0x67 && bytes[i + 2] === 0x67 && bytes[i + 3] === 0x53) return i;
  }
  return undefined;
}
