/**
 * The rows that may be among the k best of a query, of rows whose scores are known to lie within bounds of error. What is let
 * go is certainly not among them.
 */
export class Candidates {
  scores: Float64Array;
  errors: Float64Array;
  positions: Int32Array;
  count = 0;
  /** The k-th best score is at least this. */
  threshold = Number.NEGATIVE_INFINITY;

  constructor(private readonly k: number) {
    const room = Math.max(64, 2 * k);
    this.scores = new Float64Array(room);
    this.errors = new Float64Array(room);
    this.positions = new Int32Array(room);
  }

  add(position: number, score: number, error: number): void {
    if (this.count === this.positions.length) {
      this.compact();
      if (this.count > this.positions.length / 2) this.#grow();
    }
    this.positions[this.count] = position;
    this.scores[this.count] = score;
    this.errors[this.count] = error;
    this.count++;
  }

  /** Raises the threshold to what the candidates say, and lets those go that are below it. */
  compact(): void {
    const { scores, errors, positions, k } = this;
    if (this.count < k) return;
    const least = new Float64Array(this.count);
    for (let i = 0; i < this.count; i++) least[i] = scores[i]! - errors[i]!;
    least.sort();
    this.threshold = Math.max(this.threshold, least[this.count - k]!);
    let kept = 0;
    for (let i = 0; i < this.count; i++) {
      if (scores[i]! + errors[i]! < this.threshold) continue;
      scores[kept] = scores[i]!;
      errors[kept] = errors[i]!;
      positions[kept++] = positions[i]!;
    }
    this.count = kept;
  }

  #grow(): void {
    const room = 2 * this.positions.length;
    const { scores, errors, positions } = this;
    this.scores = new Float64Array(room);
    this.errors = new Float64Array(room);
    this.positions = new Int32Array(room);
    this.scores.set(scores);
    this.errors.set(errors);
    this.positions.set(positions);
  }
}
