import { CrossmodalError } from '@crossmodal/core';
import type { Context } from '../cli/context.js';
import { type Inspection, inspectData } from '../data/inspect.js';
import { recogniseData } from '../data/recognise.js';

/** How a command line names data. */
export interface DataOptions {
  data: string;
  image?: string;
  audio?: string;
  text?: string;
  label?: string;
  split?: string;
  group?: string;
  cache: string;
}

/** Recognises data and looks at every file, with a bar. */
export async function readData(
  { data, cache, ...columns }: DataOptions,
  { terminal, signal }: Context,
  { decode = true }: { decode?: boolean } = {},
): Promise<Inspection> {
  const { image, audio, text, label, split, group } = columns;
  const source = await recogniseData(data, { columns: { image, audio, text, label, split, group }, cache });
  let bar: ReturnType<typeof terminal.bar> | undefined;
  try {
    return await inspectData(source, {
      decode,
      signal,
      onProgress: (done, total) => {
        bar ??= terminal.bar('looking at files', total);
        bar.update(done);
      },
    });
  } finally {
    bar?.stop();
  }
}

/** The items of data whose files can be read; says how many cannot. @throws CrossmodalError when there are none */
export function usableItems({ usable, broken, root }: Inspection, { terminal }: Context): Inspection['usable'] {
  if (broken.length > 0) {
    const [first] = broken;
    terminal.note(`${broken.length} files cannot be used and are left out, such as ${first?.file}: ${first?.reason}`);
  }
  if (usable.length === 0) {
    throw new CrossmodalError(
      `data: no item can be used${broken.length > 0 ? `; ${broken[0]?.file} ${broken[0]?.reason}` : ''}`,
      {
        remedy: `files are looked for in ${root}; crossmodal inspect says more`,
      },
    );
  }
  return usable;
}
