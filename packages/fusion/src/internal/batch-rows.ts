import { CrossmodalError, type Inputs } from '@crossmodal/core';

/** Rows of the inputs of one modality. */
export function rowsOf(where: string, name: string, inputs: Inputs): number {
  const counts = Object.values(inputs).map((tensor) => tensor.shape[0] ?? 0);
  const rows = counts[0];
  if (rows === undefined || counts.some((count) => count !== rows)) {
    const shapes = Object.entries(inputs).map(([key, tensor]) => `${key} [${tensor.shape}]`);
    throw new CrossmodalError(
      `${where}: all inputs of ${name} must have one batch size, got ${shapes.join(', ') || 'none'}`,
    );
  }
  return rows;
}

/** The batch size that the inputs of several modalities share. */
export function sharedRows(where: string, inputs: Readonly<Record<string, Inputs>>): number {
  const rows = Object.entries(inputs).map(([name, tensors]) => ({ name, count: rowsOf(where, name, tensors) }));
  const size = rows[0]?.count ?? 0;
  if (rows.some(({ count }) => count !== size)) {
    throw new CrossmodalError(
      `${where}: all modalities must have one batch size, got ${rows.map(({ name, count }) => `${name} ${count}`).join(', ')}`,
      { remedy: "repeat rows, or mark missing samples in 'present'" },
    );
  }
  return size;
}
