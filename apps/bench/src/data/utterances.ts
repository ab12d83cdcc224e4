/** Samples of one channel and their rate in Hz. */
export interface Recording {
  samples: Int16Array;
  sampleRate: number;
}

/**
 * Cuts a recording of several utterances at its long silences. A synthesiser writes a pause as exact zeros, so a run of
 * zeros of at least `pauseSeconds` can be nothing else.
 *
 * @returns the utterances, silence at both ends removed; empty ones are left out.
 */
export function cutAtPauses(
  { samples, sampleRate }: Recording,
  { pauseSeconds }: { pauseSeconds: number },
): Int16Array[] {
  const least = Math.round(pauseSeconds * sampleRate);
  const pieces: Int16Array[] = [];
  let start = -1; // first sounding sample of the utterance under way
  let last = -1; // last sounding sample seen
  for (let index = 0; index < samples.length; index++) {
    if (samples[index] === 0) continue;
    if (start >= 0 && index - last > least) {
      pieces.push(samples.slice(start, last + 1));
      start = index;
    } else if (start < 0) start = index;
    last = index;
  }
  if (start >= 0) pieces.push(samples.slice(start, last + 1));
  return pieces;
}

/** Text as SSML: what is special to XML is escaped, a pause between any two. */
export function joinWithPauses(texts: readonly string[], { pauseSeconds }: { pauseSeconds: number }): string {
  const escaped = texts.map((text) => text.replace(/&/g, ' and ').replace(/[<>]/g, ' '));
  return `<speak>${escaped.join(`<break time="${Math.round(pauseSeconds * 1000)}ms"/>`)}</speak>`;
}
