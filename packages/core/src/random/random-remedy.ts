/** How augmentation gets its generator. A new one for each batch would make all batches alike, so the remedy is not `new Random(seed)`. */
export const randomRemedy =
  'in a pipeline pass on what it gives, rows.map((row, { random }) => ... { training: true, random }); ' +
  'in a loop of your own make one generator before the loop, const random = new Random(seed)';
