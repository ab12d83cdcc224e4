import type { History, TrainRecord } from '@crossmodal/core/train';

/** One reported number over the steps of a training run. */
export function trainingCurve(
  { records }: { readonly records: readonly TrainRecord[] },
  name = 'loss',
): [number, number][] {
  return records.flatMap(({ step, metrics }) => {
    const value = metrics[name];
    return value === undefined ? [] : [[step, value] as [number, number]];
  });
}

/** One number that was measured on held-out data over the steps of a training run. */
export function validationCurve({ validations }: History, name: string): [number, number][] {
  return validations.flatMap(({ step, metrics }) => {
    const value = metrics[name];
    return value === undefined ? [] : [[step, value] as [number, number]];
  });
}
