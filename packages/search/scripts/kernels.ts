// The text of the WebAssembly module that scores rows, written out from a pattern: see src/exact/kernels.ts for what it does.

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const zero = '(v128.const i32x4 0 0 0 0)';

type Measure = 'dot' | 'squared-distance';

/** sum += x y, or sum += (x - y)². */
function accumulate(measure: Measure, sum: string, x: string, y: string): string {
  const add = (a: string, b: string) => `(local.set ${sum} (f32x4.add (local.get ${sum}) (f32x4.mul ${a} ${b})))`;
  if (measure === 'dot') return add(`(local.get ${x})`, `(local.get ${y})`);
  return `(local.set $t (f32x4.sub (local.get ${x}) (local.get ${y}))) ${add('(local.get $t)', '(local.get $t)')}`;
}

const advance = (pointer: string, bytes: number) =>
  `(local.set ${pointer} (i32.add (local.get ${pointer}) (i32.const ${bytes})))`;

const parameters = `(param $queries i32) (param $queryCount i32) (param $rows i32) (param $rowCount i32)
    (param $stride i32) (param $scores i32) (param $scoreStride i32)`;

/** One query, row after row, as memory delivers them; four sums at once hide the latency of additions. */
function oneQuery(measure: Measure): string {
  return `
(func (export "${measure}-1") ${parameters}
  (local $row i32) (local $x i32) (local $y i32) (local $end i32) (local $t v128) (local $a v128) (local $b v128)
  ${range(4)
    .map((u) => `(local $sum${u} v128)`)
    .join(' ')}
  (local.set $x (local.get $rows))
  (loop $eachRow
    (local.set $y (local.get $queries))
    (local.set $end (i32.add (local.get $x) (local.get $stride)))
    ${range(4)
      .map((u) => `(local.set $sum${u} ${zero})`)
      .join(' ')}
    (loop $inner
      ${range(4)
        .map(
          (u) => `(local.set $a (v128.load offset=${16 * u} (local.get $x)))
      (local.set $b (v128.load offset=${16 * u} (local.get $y)))
      ${accumulate(measure, `$sum${u}`, '$a', '$b')}`,
        )
        .join('\n      ')}
      ${advance('$x', 64)} ${advance('$y', 64)}
      (br_if $inner (i32.lt_u (local.get $x) (local.get $end))))
    (local.set $t (f32x4.add (f32x4.add (local.get $sum0) (local.get $sum1)) (f32x4.add (local.get $sum2) (local.get $sum3))))
    (local.set $t (f32x4.add (local.get $t)
      (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $t) (local.get $t))))
    (f32.store (local.get $scores) (f32.add (f32x4.extract_lane 0 (local.get $t)) (f32x4.extract_lane 1 (local.get $t))))
    ${advance('$scores', 4)}
    (br_if $eachRow (i32.lt_u (local.tee $row (i32.add (local.get $row) (i32.const 1))) (local.get $rowCount)))))`;
}

/** Bytes of the 32-bit lanes that a shuffle of two vectors picks, those of the second counted from 4. */
const lanes = (...picked: number[]) => picked.flatMap((lane) => range(4).map((byte) => 4 * lane + byte)).join(' ');

/** Stores the four sums of lanes of four vectors. */
function storeSumsOfLanes(address: string, [a, b, c, d]: readonly string[]): string {
  const pair = (x: string, y: string) => `(f32x4.add
        (i8x16.shuffle ${lanes(0, 4, 1, 5)} (local.get ${x}) (local.get ${y}))
        (i8x16.shuffle ${lanes(2, 6, 3, 7)} (local.get ${x}) (local.get ${y})))`;
  return `(local.set $x0 ${pair(a!, b!)})
      (local.set $x1 ${pair(c!, d!)})
      (v128.store ${address} (f32x4.add
        (i8x16.shuffle ${lanes(0, 1, 4, 5)} (local.get $x0) (local.get $x1))
        (i8x16.shuffle ${lanes(2, 3, 6, 7)} (local.get $x0) (local.get $x1))))`;
}

/** Two queries and four rows at a time: eight sums in registers, so that each value that is loaded is used twice or four times. */
function manyQueries(measure: Measure): string {
  const sums = range(2).flatMap((q) => range(4).map((r) => `$sum${q}${r}`));
  return `
(func (export "${measure}-2") ${parameters}
  (local $query i32) (local $row i32) (local $at i32) (local $end i32) (local $out i32) (local $t v128)
  (local $y0 i32) (local $y1 i32) (local $q0 v128) (local $q1 v128)
  ${range(4)
    .map((r) => `(local $p${r} i32) (local $x${r} v128)`)
    .join(' ')}
  ${sums.map((sum) => `(local ${sum} v128)`).join(' ')}
  (loop $eachQuery
    (local.set $out (i32.add (local.get $scores) (i32.mul (local.get $query) (local.get $scoreStride))))
    (local.set $at (local.get $rows))
    (local.set $row (i32.const 0))
    (loop $eachRow
      ${range(4)
        .map((r) => `(local.set $p${r} (i32.add (local.get $at) (i32.mul (local.get $stride) (i32.const ${r}))))`)
        .join('\n      ')}
      (local.set $at (i32.add (local.get $at) (i32.mul (local.get $stride) (i32.const 4))))
      (local.set $y0 (i32.add (local.get $queries) (i32.mul (local.get $stride) (local.get $query))))
      (local.set $y1 (i32.add (local.get $y0) (local.get $stride)))
      (local.set $end (local.get $p1))
      ${sums.map((sum) => `(local.set ${sum} ${zero})`).join(' ')}
      (loop $inner
        (local.set $q0 (v128.load (local.get $y0)))
        (local.set $q1 (v128.load (local.get $y1)))
        ${range(4)
          .map(
            (r) => `(local.set $x${r} (v128.load (local.get $p${r})))
        ${accumulate(measure, `$sum0${r}`, `$x${r}`, '$q0')} ${accumulate(measure, `$sum1${r}`, `$x${r}`, '$q1')}`,
          )
          .join('\n        ')}
        ${['$y0', '$y1', '$p0', '$p1', '$p2', '$p3'].map((pointer) => advance(pointer, 16)).join(' ')}
        (br_if $inner (i32.lt_u (local.get $p0) (local.get $end))))
      ${storeSumsOfLanes('(local.get $out)', sums.slice(0, 4))}
      ${storeSumsOfLanes('(i32.add (local.get $out) (local.get $scoreStride))', sums.slice(4))}
      ${advance('$out', 16)}
      (br_if $eachRow (i32.lt_u (local.tee $row (i32.add (local.get $row) (i32.const 4))) (local.get $rowCount))))
    (br_if $eachQuery (i32.lt_u (local.tee $query (i32.add (local.get $query) (i32.const 2))) (local.get $queryCount)))))`;
}

/** Writes down which of `count` scores pass a test, and says how many did. Four at a time; few pass. */
function selection(name: string, test: string): string {
  return `
(func (export "${name}") (param $scores i32) (param $scales i32) (param $count i32) (param $limit f32) (param $factor f32)
    (param $out i32) (result i32)
  (local $i i32) (local $mask i32) (local $start i32)
  (local.set $start (local.get $out))
  (loop $each
    (local.set $mask (i32x4.bitmask ${test}))
    (if (local.get $mask) (then
      (loop $bits
        (i32.store (local.get $out) (i32.add (local.get $i) (i32.ctz (local.get $mask))))
        ${advance('$out', 4)}
        (local.set $mask (i32.and (local.get $mask) (i32.sub (local.get $mask) (i32.const 1))))
        (br_if $bits (local.get $mask)))))
    ${advance('$scores', 16)} ${advance('$scales', 16)}
    (br_if $each (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (local.get $count))))
  (i32.shr_u (i32.sub (local.get $out) (local.get $start)) (i32.const 2)))`;
}

const score = '(v128.load (local.get $scores))';
const scale = '(v128.load (local.get $scales))';
const limit = '(f32x4.splat (local.get $limit))';
const factor = '(f32x4.splat (local.get $factor))';

/** The module in WebAssembly's text format; `shared` for a memory that several threads see. */
export function kernelsText({ shared }: { shared: boolean }): string {
  return `(module
(import "rows" "memory" (memory 1 65536${shared ? ' shared' : ''}))
${(['dot', 'squared-distance'] as const).map((measure) => oneQuery(measure) + manyQueries(measure)).join('\n')}
${selection('select-cosine', `(f32x4.ge (f32x4.mul ${score} ${scale}) ${limit})`)}
${selection('select-dot', `(f32x4.ge (f32x4.add ${score} (f32x4.mul ${scale} ${factor})) ${limit})`)}
${selection('select-euclidean', `(f32x4.le ${score} ${limit})`)})
`;
}
