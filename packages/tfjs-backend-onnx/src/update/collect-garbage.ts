import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/**
 * Frees large arrays that nothing refers to any more. V8 counts memory outside of its heap, but is in no hurry: a loop of
 * compiled steps makes so little of its own that garbage of some 100 MB stays through the steps that need the most
 * memory.
 */
export function collectGarbage(): void {
  collect ??= (globalThis as { gc?: () => void }).gc ?? exposed();
  collect();
}

function exposed(): () => void {
  try {
    setFlagsFromString('--expose-gc');
    return runInNewContext('gc') as () => void;
  } catch {
    // Another engine than V8. It collects when it likes.
    return () => {};
  }
}
