// The text of the WebAssembly module that scores rows, written out from a pattern: see src/exact/kernels.ts for what it does.

interface Kernel {
  name: string;
  /** Queries and rows whose scores are accumulated in registers at once. */
  queries: number;
  rows: number;
  /** Vectors of four values per turn of the inner loop. */
  unroll: number;
  /** Sums of its own for each unrolled vector, which hides the latency of additions. */
  separateSums: boolean;
  measure: 'dot' | 'squared-distance';
}

const zero = '(v128.const i32x4 0 0 0 0)';
const range = (count: number) => Array.from({ length: count }, (_, i) => i);

function innerLoop({ queries, rows, unroll, separateSums, measure }: Kernel): string[] {
  return range(unroll).flatMap((u) => [
    ...range(rows).map((r) => `(local.set $x${r} (v128.load offset=${16 * u} (local.get $xAt${r})))`),
    ...range(queries).flatMap((q) => [
      `(local.set $y (v128.load offset=${16 * u} (local.get $yAt${q})))`,
      ...range(rows).flatMap((r) => {
        const sum = `$sum${q}_${r}_${separateSums ? u : 0}`;
        const difference = `(local.set $t (f32x4.sub (local.get $x${r}) (local.get $y)))`;
        const [a, b] = measure === 'dot' ? [`$x${r}`, '$y'] : ['$t', '$t'];
        const add = `(local.set ${sum} (f32x4.add (local.get ${sum}) (f32x4.mul (local.get ${a}) (local.get ${b}))))`;
        return measure === 'dot' ? [add] : [difference, add];
      }),
    ]),
  ]);
}

/** The sum over the separate sums, as one vector. */
function total(q: number, r: number, { unroll, separateSums }: Kernel): string {
  const parts = range(separateSums ? unroll : 1).map((u) => `(local.get $sum${q}_${r}_${u})`);
  const join = (list: string[]): string => {
    if (list.length === 1) return list[0]!;
    const half = list.length >> 1;
    return `(f32x4.add ${join(list.slice(0, half))} ${join(list.slice(half))})`;
  };
  return join(parts);
}

function kernelText(kernel: Kernel): string {
  const { name, queries, rows, unroll, separateSums } = kernel;
  const sums = range(queries).flatMap((q) =>
    range(rows).flatMap((r) => range(separateSums ? unroll : 1).map((u) => `$sum${q}_${r}_${u}`)),
  );
  const advance = (pointer: string) =>
    `(local.set ${pointer} (i32.add (local.get ${pointer}) (i32.const ${16 * unroll})))`;
  return `
(func (export "${name}") (param $queries i32) (param $queryCount i32) (param $rows i32) (param $rowCount i32)
    (param $stride i32) (param $scores i32) (param $scoreStride i32)
  (local $query i32) (local $row i32) (local $rowAt i32) (local $queryAt i32) (local $end i32) (local $out i32)
  (local $y v128) (local $t v128)
  ${range(rows)
    .map((r) => `(local $x${r} v128) (local $xAt${r} i32)`)
    .join(' ')}
  ${range(queries)
    .map((q) => `(local $yAt${q} i32)`)
    .join(' ')}
  ${sums.map((sum) => `(local ${sum} v128)`).join(' ')}
  (local.set $queryAt (local.get $queries))
  (loop $eachQuery
    (local.set $out (i32.add (local.get $scores) (i32.mul (local.get $query) (local.get $scoreStride))))
    (local.set $rowAt (local.get $rows))
    (local.set $row (i32.const 0))
    (loop $eachRow
      ${range(rows)
        .map((r) => `(local.set $xAt${r} (i32.add (local.get $rowAt) (i32.mul (local.get $stride) (i32.const ${r}))))`)
        .join('\n      ')}
      ${range(queries)
        .map(
          (q) => `(local.set $yAt${q} (i32.add (local.get $queryAt) (i32.mul (local.get $stride) (i32.const ${q}))))`,
        )
        .join('\n      ')}
      ${sums.map((sum) => `(local.set ${sum} ${zero})`).join('\n      ')}
      (local.set $end (i32.add (local.get $xAt0) (local.get $stride)))
      (loop $inner
        ${innerLoop(kernel).join('\n        ')}
        ${range(rows)
          .map((r) => advance(`$xAt${r}`))
          .join('\n        ')}
        ${range(queries)
          .map((q) => advance(`$yAt${q}`))
          .join('\n        ')}
        (br_if $inner (i32.lt_u (local.get $xAt0) (local.get $end))))
      ${range(queries)
        .flatMap((q) =>
          range(rows).map(
            (r) =>
              `(f32.store offset=${4 * r} (i32.add (local.get $out) (i32.mul (local.get $scoreStride) (i32.const ${q}))) (call $lanes ${total(q, r, kernel)}))`,
          ),
        )
        .join('\n      ')}
      (local.set $out (i32.add (local.get $out) (i32.const ${4 * rows})))
      (local.set $rowAt (i32.add (local.get $rowAt) (i32.mul (local.get $stride) (i32.const ${rows}))))
      (br_if $eachRow
        (i32.lt_u (local.tee $row (i32.add (local.get $row) (i32.const ${rows}))) (local.get $rowCount))))
    (local.set $queryAt (i32.add (local.get $queryAt) (i32.mul (local.get $stride) (i32.const ${queries}))))
    (br_if $eachQuery
      (i32.lt_u (local.tee $query (i32.add (local.get $query) (i32.const ${queries}))) (local.get $queryCount)))))`;
}

/** The module in WebAssembly's text format; `shared` for a memory that several threads see. */
export function kernelsText({ shared }: { shared: boolean }): string {
  const kernels = (['dot', 'squared-distance'] as const).flatMap((measure) => [
    { name: `${measure}-1`, queries: 1, rows: 1, unroll: 4, separateSums: true, measure },
    { name: `${measure}-4`, queries: 4, rows: 2, unroll: 4, separateSums: false, measure },
  ]);
  return `(module
(import "rows" "memory" (memory 1 65536${shared ? ' shared' : ''}))
(func $lanes (param $v v128) (result f32)
  (local.set $v (f32x4.add (local.get $v)
    (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $v) (local.get $v))))
  (f32.add (f32x4.extract_lane 0 (local.get $v)) (f32x4.extract_lane 1 (local.get $v))))
${kernels.map(kernelText).join('\n')})
`;
}
