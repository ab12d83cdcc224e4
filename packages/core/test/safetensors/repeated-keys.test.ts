import { describe, expect, it } from 'vitest';
import { parseSafetensors } from '../../src/safetensors/index.js';

function file(header: string, data = 4): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + data);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

describe('a safetensors header with a key twice', () => {
  const entry = '{"dtype":"F32","shape":[1],"data_offsets":[0,4]}';
  it.each([
    ['in an entry', '{"a":{"dtype":"I32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 'dtype'],
    ['escaped otherwise', '{"a":{"dtype":"F32","sh\\u0061pe":[2],"shape":[1],"data_offsets":[0,4]}}', 'shape'],
    ['a tensor', `{"a":${entry},"a":${entry}}`, 'a'],
    ['the metadata', `{"__metadata__":{"x":"1"},"__metadata__":{"y":"2"},"a":${entry}}`, '__metadata__'],
    ['in the metadata', `{"__metadata__":{"x":"1","x":"2"},"a":${entry}}`, 'x'],
  ])('is refused: %s', (_, header, key) => {
    expect(() => parseSafetensors(file(header))).toThrow(`its header has the key "${key}" twice`);
  });

  it('is read where keys only look alike', () => {
    const header = `{"__metadata__":{"dtype":"a \\"dtype\\": {","shape":"x"},"dtype":${entry}}`;
    expect(() => parseSafetensors(file(header))).not.toThrow();
  });
});
