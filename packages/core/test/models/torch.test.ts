import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CrossmodalError, memoryFile, torchWeights } from '../../src/index.js';
import { decodeValues } from '../../src/safetensors/index.js';

const folder = new URL('../golden/torch/', import.meta.url);
const bytesOf = (name: string) => new Uint8Array(readFileSync(new URL(name, folder)));
const open = (bytes: Uint8Array) => torchWeights(memoryFile(bytes, { label: 'net.pth' }));

describe('torchWeights', () => {
  it.each(['zip.pth', 'legacy.pth', 'training.pt'])('%s, as torch.save wrote it', async (name) => {
    const weights = await open(bytesOf(name));
    const values = async (tensor: string) => {
      const stored = await weights.read(tensor);
      return { shape: [...stored.shape], values: Array.from(decodeValues(stored) as Float32Array, Number) };
    };
    const six = [0, 1, 2, 3, 4, 5];
    expect(await values('a')).toEqual({ shape: [2, 3], values: six });
    expect(await values('turned')).toEqual({ shape: [3, 2], values: [0, 3, 1, 4, 2, 5] });
    expect(await values('part')).toEqual({ shape: [2, 3], values: [3, 4, 5, 6, 7, 8] });
    expect(await values('half')).toEqual({ shape: [2, 3], values: six });
    expect(await values('brain')).toEqual({ shape: [2, 3], values: six });
    expect(await values('long')).toEqual({ shape: [3], values: [1, 2, 3] });
    expect(await values('scalar')).toEqual({ shape: [], values: [2.5] });
    expect(await values('flag')).toEqual({ shape: [2], values: [1, 0] });
    expect([...weights.entries.keys()]).toHaveLength(8);
  });

  it('refuses a pickle that wants to run code, and names what it wants', async () => {
    await expect(open(bytesOf('evil.pth'))).rejects.toThrow(
      /net\.pth: it wants to run posix\.system, which no checkpoint of weights needs/,
    );
    await expect(open(bytesOf('evil.pkl'))).rejects.toThrow(/it wants to run posix\.system/);
  });

  it('refuses every cut, and every changed byte of the directory, with an error of its own', async () => {
    for (const name of ['zip.pth', 'legacy.pth']) {
      const bytes = bytesOf(name);
      for (let length = 0; length < bytes.length; length += 37) {
        const outcome = await open(bytes.slice(0, length))
          .then(async (weights) => {
            for (const tensor of weights.entries.keys()) await weights.read(tensor);
          })
          .then(
            () => 'read',
            (error: unknown) => (CrossmodalError.isInstance(error) ? 'refused' : String(error)),
          );
        expect(outcome, `${name} cut at ${length}`).toBe('refused');
      }
    }
  });
});
