import { expect, it, vi } from 'vitest';
import { bagEncoder, wordTokenizer } from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend('js');

it('a text of unknown words alone is remarked upon, once for a tokeniser', async () => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  const tokenizer = wordTokenizer({ corpus: ['a red boat'], markers: true });
  const encoder = bagEncoder({ tokenizer, dimension: 2, seed: 1 });
  await encoder.prepare(['a blue boat', '', 'boat']);
  expect(warn).not.toHaveBeenCalled();
  await encoder.prepare(['red', 'ein Zug']);
  expect(warn).toHaveBeenCalledOnce();
  expect(warn.mock.calls[0]![0]).toMatch(
    /^no word of "ein Zug" is in the vocabulary: .*; make the tokeniser of a corpus/,
  );
  await encoder.prepare(['ein Schiff']);
  expect(warn).toHaveBeenCalledOnce();
});
