/** Changes the texts of tokens, and how many there are, on the way back to a text. */
export type Decoder = (tokens: readonly string[]) => string[];
