/** The best few of a stream of scored positions, in order. */
export class Best {
  readonly entries: { position: number; score: number }[] = [];
  constructor(private readonly capacity: number) {}

  /** The score below which an offer changes nothing. */
  get threshold(): number {
    const { entries } = this;
    return entries.length < this.capacity ? Number.NEGATIVE_INFINITY : (entries[entries.length - 1]?.score ?? Infinity);
  }

  offer(position: number, score: number): void {
    const { entries } = this;
    const worst = entries[entries.length - 1];
    if (entries.length === this.capacity && (!worst || score <= worst.score)) return;
    let place = entries.length;
    while (place > 0 && (entries[place - 1] as { score: number }).score < score) place--;
    entries.splice(place, 0, { position, score });
    if (entries.length > this.capacity) entries.pop();
  }
}
