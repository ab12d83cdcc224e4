import { Tensor } from '@tensorflow/tfjs-core';

/** Disposes the tensors in a nest of plain objects and arrays; anything else is left to the garbage collector. */
export function discard(item: unknown): void {
  if (item instanceof Tensor) {
    if (!item.isDisposed) item.dispose();
  } else if (Array.isArray(item)) {
    item.forEach(discard);
  } else if (typeof item === 'object' && item !== null && Object.getPrototypeOf(item) === Object.prototype) {
    Object.values(item).forEach(discard);
  }
}

/** The stream without its first `count` items, which are made and dropped. */
export async function* withoutFirst<T>(items: AsyncIterable<T>, count: number): AsyncGenerator<T> {
  let seen = 0;
  for await (const item of items) {
    if (seen++ < count) discard(item);
    else yield item;
  }
}
