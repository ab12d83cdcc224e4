import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeWav } from '@crossmodal/encoders-audio';
import sharp from 'sharp';

const colours = { red: '#d22', green: '#2a2', blue: '#22d', yellow: '#ee2', black: '#111' } as const;
const shapes = ['circle', 'square'] as const;

/** A small picture as PNG. */
export function picture(colour: string, shape: string, { shift = 0 } = {}): Promise<Buffer> {
  const drawn =
    shape === 'circle'
      ? `<circle cx="${16 + shift}" cy="16" r="11"`
      : `<rect x="${6 + shift}" y="6" width="20" height="20"`;
  const fill = colours[colour as keyof typeof colours] ?? colour;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32"><rect width="32" height="32" fill="#fff"/>${drawn} fill="${fill}"/></svg>`;
  return sharp(Buffer.from(svg)).png().toBuffer();
}

/** A short tone as wav. */
export function tone(hertz: number, { seconds = 0.25, sampleRate = 8000 } = {}): Uint8Array {
  const samples = Float32Array.from(
    { length: seconds * sampleRate },
    (_, t) => 0.5 * Math.sin((2 * Math.PI * hertz * t) / sampleRate),
  );
  return encodeWav({ samples, sampleRate });
}

/**
 * Forty pictures of coloured shapes, each of which sounds like its colour, with a CSV: columns file, sound, caption, split.
 */
export async function colouredShapes(folder: string): Promise<void> {
  mkdirSync(join(folder, 'media'), { recursive: true });
  const lines: string[] = [];
  for (const [c, colour] of Object.keys(colours).entries()) {
    for (const shape of shapes) {
      for (let n = 0; n < 4; n++) {
        const name = `${colour}-${shape}-${n}`;
        writeFileSync(join(folder, 'media', `${name}.png`), await picture(colour, shape, { shift: n - 1 }));
        writeFileSync(join(folder, 'media', `${name}.wav`), tone(300 + 400 * c + 7 * n + (shape === 'circle' ? 3 : 0)));
        lines.push(`${name}.png,${name}.wav,"a ${colour} ${shape}",${n === 3 ? 'val' : 'train'}`);
      }
    }
  }
  writeFileSync(join(folder, 'shapes.csv'), `file,sound,caption,split\n${lines.join('\n')}\n`);
}
