import { type Fields, shown } from './fields.js';
import type { Padding } from './pad.js';
import type { Truncation } from './truncate.js';

/** The section `truncation` of a tokenizer.json. */
export function readTruncation(fields: Fields): Truncation {
  const strategies = { LongestFirst: 'longestFirst', OnlyFirst: 'onlyFirst', OnlySecond: 'onlySecond' } as const;
  const strategy = fields.oneOf('strategy', Object.keys(strategies) as (keyof typeof strategies)[]);
  return {
    maximumLength: fields.integer('max_length'),
    stride: fields.integer('stride'),
    strategy: strategies[strategy],
    direction: fields.oneOf('direction', ['Left', 'Right'] as const, 'Right') === 'Left' ? 'left' : 'right',
  };
}

/** The section `padding` of a tokenizer.json. */
export function readPadding(fields: Fields): Padding {
  const strategy = fields.raw('strategy');
  const fixed = strategy === 'BatchLongest' ? undefined : fields.child('strategy').integer('Fixed');
  const multipleOf = fields.has('pad_to_multiple_of') ? fields.integer('pad_to_multiple_of') : 0;
  if (fixed !== undefined && fixed > longest)
    throw fields.error(`.strategy.Fixed must be at most ${longest}, got ${fixed}`);
  if (multipleOf > longest)
    throw fields.error(`.pad_to_multiple_of must be at most ${longest}, got ${shown(multipleOf)}`);
  return {
    length: fixed ?? 'longest',
    multipleOf,
    direction: fields.oneOf('direction', ['Left', 'Right'] as const) === 'Left' ? 'left' : 'right',
    id: fields.integer('pad_id'),
    typeId: fields.integer('pad_type_id'),
    token: fields.string('pad_token'),
  };
}

/** A file must not make an encoding so long that memory ends. */
const longest = 1 << 24;
