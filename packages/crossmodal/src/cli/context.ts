import type { Terminal } from './terminal.js';

/** What every command is given. */
export interface Context {
  terminal: Terminal;
  /** Results as JSON on standard output, and nothing else there. */
  json: boolean;
  device: string;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
}

/** A result, as JSON where that is asked for, else as text. */
export function report({ terminal, json }: Context, value: unknown, text: () => string): void {
  terminal.out(json ? JSON.stringify(value) : text());
}

/** `1234567` as `1,234,567`. */
export function grouped(count: number): string {
  return count.toLocaleString('en-US');
}

export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}
