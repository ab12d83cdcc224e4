import type { Answer } from '../collection/search-service.js';

export type { Answer };

/** What the page looks for. */
export type PageQuery = { words: string } | { file: File } | { like: Answer };

export interface PageFilter {
  k: number;
  kind: string;
  label: string;
}

export interface PageInfo {
  items: number;
  modalities: readonly string[];
  labels: readonly string[];
}

/** Who answers the page: a server, or the browser itself. */
export interface Backend {
  info(): Promise<PageInfo>;
  /** @throws Error with a message for the person who searches */
  search(query: PageQuery, filter: PageFilter, signal: AbortSignal): Promise<Answer[]>;
  /** Addresses of the small picture and of the whole file of an answer. */
  previewOf(answer: Answer): string;
  fileOf(answer: Answer): string;
}
