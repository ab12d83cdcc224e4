import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CrossmodalError, memoryFile, openWeights, torchWeights } from '../../src/index.js';
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

  it('reads shards by their index, and names one that is missing or holds something else', async () => {
    const shard = 'pytorch_model-00001-of-00002.bin';
    const index = (map: object) =>
      ['pytorch_model.bin.index.json', memoryFile(JSON.stringify({ weight_map: map }), { label: 'index' })] as const;
    const names = ['a', 'turned', 'part', 'half', 'brain', 'long', 'scalar', 'flag'];
    const places = Object.fromEntries(names.map((name) => [name, shard]));
    const file = [shard, memoryFile(bytesOf('zip.pth'), { label: shard })] as const;
    const opened = (map: object) => openWeights(new Map([index(map), file]), { where: 'test' });
    const weights = await opened(places);
    expect([...weights.entries.keys()].sort()).toEqual([...names].sort());
    expect(Array.from(decodeValues(await weights.read('a')) as Float32Array)).toEqual([0, 1, 2, 3, 4, 5]);
    await expect(opened({ ...places, b: 'pytorch_model-00002-of-00002.bin' })).rejects.toThrow(
      /index: 1 of the 2 files that it names are missing: pytorch_model-00002-of-00002\.bin/,
    );
    await expect(opened({ a: shard })).rejects.toThrow(
      /lies in pytorch_model-00001-of-00002\.bin, the index says nothing/,
    );
  });

  it('refuses a pickle that wants to run code, and names what it wants', async () => {
    await expect(open(bytesOf('evil.pth'))).rejects.toThrow(
      /net\.pth: it wants to run posix\.system, which no checkpoint of weights needs/,
    );
    await expect(open(bytesOf('evil.pkl'))).rejects.toThrow(/it wants to run posix\.system/);
  });

  /** What becomes of damaged bytes: never another error than our own. */
  async function outcomeOf(bytes: Uint8Array): Promise<string> {
    try {
      const weights = await open(bytes);
      for (const tensor of weights.entries.keys()) await weights.read(tensor);
      return 'read';
    } catch (error) {
      return CrossmodalError.isInstance(error) ? 'refused' : String(error);
    }
  }

  it.each(['zip.pth', 'legacy.pth'])('refuses every cut of %s', async (name) => {
    const bytes = bytesOf(name);
    for (let length = 0; length < bytes.length; length += 7) {
      expect(await outcomeOf(bytes.slice(0, length)), `cut at ${length}`).toBe('refused');
    }
  });

  it.each(['zip.pth', 'legacy.pth'])('reads or refuses %s with any one byte changed', async (name) => {
    const bytes = bytesOf(name);
    for (let place = 0; place < bytes.length; place++) {
      for (const change of [0xff, 0x01]) {
        const damaged = bytes.slice();
        damaged[place]! ^= change;
        expect(['read', 'refused'], `byte ${place}`).toContain(await outcomeOf(damaged));
      }
    }
  });
});
