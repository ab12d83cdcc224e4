/** A question about a code point. */
export type CodePointTest = (codePoint: number) => boolean;

/** Runs of code points, first and last. */
export type Runs = readonly (readonly [number, number])[];

/** Reads the runs of `data.ts`. */
export function runsOf(encoded: string): Runs {
  let last = 0;
  return encoded.split(' ').map((run) => {
    const [distance, more = '0'] = run.split('-');
    const first = last + Number.parseInt(distance!, 36);
    last = first + Number.parseInt(more, 36);
    return [first, last] as const;
  });
}

/** The runs as the inside of a class of a regular expression with the flag u or v. */
export function classOfRuns(runs: Runs): string {
  const escaped = (codePoint: number) => `\\u{${codePoint.toString(16)}}`;
  return runs.map(([a, b]) => (a === b ? escaped(a) : `${escaped(a)}-${escaped(b)}`)).join('');
}

/** Answers each code point once and remembers the answer. */
export function memoizedTest(test: CodePointTest): CodePointTest {
  const basic = new Uint8Array(0x10000); // 0 not asked yet, 1 no, 2 yes
  const others = new Map<number, boolean>();
  return (codePoint) => {
    if (codePoint < 0x10000) {
      const answer = basic[codePoint]!;
      if (answer !== 0) return answer === 2;
      const yes = test(codePoint);
      basic[codePoint] = yes ? 2 : 1;
      return yes;
    }
    let answer = others.get(codePoint);
    if (answer === undefined) {
      answer = test(codePoint);
      others.set(codePoint, answer);
    }
    return answer;
  };
}

/** Whether a code point is in a class, written as for a regular expression with the flag v. */
export function classTest(source: string, { ignoreCase = false }: { ignoreCase?: boolean } = {}): CodePointTest {
  const pattern = new RegExp(`^${source}$`, ignoreCase ? 'vi' : 'v');
  return memoizedTest((codePoint) => pattern.test(String.fromCodePoint(codePoint)));
}

/** The text without the code points that do not pass. */
export function filterCodePoints(text: string, keep: CodePointTest): string {
  let result = '';
  let done = 0;
  for (let i = 0; i < text.length; ) {
    const codePoint = text.codePointAt(i)!;
    const next = i + (codePoint > 0xffff ? 2 : 1);
    if (!keep(codePoint)) {
      result += text.slice(done, i);
      done = next;
    }
    i = next;
  }
  return done === 0 ? text : result + text.slice(done);
}

/** UTF-16 units of the code point that begins at `index`. */
export function unitsAt(text: string, index: number): number {
  return text.codePointAt(index)! > 0xffff ? 2 : 1;
}
