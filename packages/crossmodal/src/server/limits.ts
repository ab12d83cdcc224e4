/** What a server accepts. */
export interface ServerLimits {
  /** Bytes of an upload. */
  uploadBytes: number;
  /** Requests per minute and address. */
  requestsPerMinute: number;
}

/** Answers of one request. */
export const mostAnswers = 1000;
