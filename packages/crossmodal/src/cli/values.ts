import { InvalidArgumentError } from 'commander';

/** Parses a whole number of at least `least`. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`It must be a whole number of at least ${least}.`);
    }
    return value;
  };
}

/** Parses a number above zero. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

/** Parses whole numbers between commas. */
export function wholeNumbers(text: string): number[] {
  return text.split(',').map(wholeNumber(1));
}

/** Parses words between commas. */
export function words(text: string): string[] {
  const list = text.split(',').map((word) => word.trim());
  if (list.some((word) => word === '')) throw new InvalidArgumentError('It must be words between commas.');
  return list;
}
