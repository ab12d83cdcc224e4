;; The two passes of a separable resize of bytes, as PIL does them: sums of bytes times weights in steps of 2^-22, rounded
;; and clipped to a byte after each pass. Assembled by scripts/assemble.ts into passes-module.ts.
(module
  (memory (export "memory") 1)

  ;; Lines of red, green, blue pixels, $from bytes apart, become lines of $columns pixels, $to bytes apart; four lines at
  ;; a time, so up to three more than $lines are read and written. Per column: the byte at which its pixels start in a
  ;; line, and $taps weights. A pixel is stored as four bytes, the last of which the next pixel overwrites.
  (func (export "across")
    (param $source i32) (param $from i32) (param $target i32) (param $to i32) (param $lines i32)
    (param $columns i32) (param $starts i32) (param $weights i32) (param $taps i32)
    (local $line i32) (local $column i32) (local $tap i32) (local $weight i32)
    (local $a i32) (local $b i32) (local $c i32) (local $d i32) (local $out i32)
    (local $w v128) (local $sum0 v128) (local $sum1 v128) (local $sum2 v128) (local $sum3 v128)
    (loop $fourLines
      (local.set $column (i32.const 0))
      (local.set $weight (local.get $weights))
      (local.set $out (local.get $target))
      (loop $columnLoop
        (local.set $a (i32.add (local.get $source)
          (i32.load (i32.add (local.get $starts) (i32.shl (local.get $column) (i32.const 2))))))
        (local.set $b (i32.add (local.get $a) (local.get $from)))
        (local.set $c (i32.add (local.get $b) (local.get $from)))
        (local.set $d (i32.add (local.get $c) (local.get $from)))
        (local.set $sum0 (v128.const i32x4 2097152 2097152 2097152 2097152))
        (local.set $sum1 (local.get $sum0))
        (local.set $sum2 (local.get $sum0))
        (local.set $sum3 (local.get $sum0))
        (local.set $tap (local.get $taps))
        (loop $tapLoop
          (local.set $w (v128.load32_splat (local.get $weight)))
          (local.set $sum0 (i32x4.add (local.get $sum0) (i32x4.mul (local.get $w)
            (i32x4.extend_low_i16x8_u (i16x8.extend_low_i8x16_u (v128.load32_zero (local.get $a)))))))
          (local.set $sum1 (i32x4.add (local.get $sum1) (i32x4.mul (local.get $w)
            (i32x4.extend_low_i16x8_u (i16x8.extend_low_i8x16_u (v128.load32_zero (local.get $b)))))))
          (local.set $sum2 (i32x4.add (local.get $sum2) (i32x4.mul (local.get $w)
            (i32x4.extend_low_i16x8_u (i16x8.extend_low_i8x16_u (v128.load32_zero (local.get $c)))))))
          (local.set $sum3 (i32x4.add (local.get $sum3) (i32x4.mul (local.get $w)
            (i32x4.extend_low_i16x8_u (i16x8.extend_low_i8x16_u (v128.load32_zero (local.get $d)))))))
          (local.set $a (i32.add (local.get $a) (i32.const 3)))
          (local.set $b (i32.add (local.get $b) (i32.const 3)))
          (local.set $c (i32.add (local.get $c) (i32.const 3)))
          (local.set $d (i32.add (local.get $d) (i32.const 3)))
          (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
          (br_if $tapLoop (local.tee $tap (i32.sub (local.get $tap) (i32.const 1)))))
        (local.set $w (i8x16.narrow_i16x8_u
          (i16x8.narrow_i32x4_s
            (i32x4.shr_s (local.get $sum0) (i32.const 22)) (i32x4.shr_s (local.get $sum1) (i32.const 22)))
          (i16x8.narrow_i32x4_s
            (i32x4.shr_s (local.get $sum2) (i32.const 22)) (i32x4.shr_s (local.get $sum3) (i32.const 22)))))
        (v128.store32_lane 0 (local.get $out) (local.get $w))
        (v128.store32_lane 1 (local.tee $a (i32.add (local.get $out) (local.get $to))) (local.get $w))
        (v128.store32_lane 2 (local.tee $a (i32.add (local.get $a) (local.get $to))) (local.get $w))
        (v128.store32_lane 3 (i32.add (local.get $a) (local.get $to)) (local.get $w))
        (local.set $out (i32.add (local.get $out) (i32.const 3)))
        (br_if $columnLoop (i32.lt_u
          (local.tee $column (i32.add (local.get $column) (i32.const 1))) (local.get $columns))))
      (local.set $source (i32.add (local.get $source) (i32.shl (local.get $from) (i32.const 2))))
      (local.set $target (i32.add (local.get $target) (i32.shl (local.get $to) (i32.const 2))))
      (br_if $fourLines (i32.lt_u (local.tee $line (i32.add (local.get $line) (i32.const 4))) (local.get $lines)))))

  ;; $lines lines of $bytes bytes, each a sum of $taps neighbouring lines of as many bytes. Sixteen bytes at a time, so up
  ;; to fifteen more are read and written; the next line overwrites them.
  (func (export "down")
    (param $source i32) (param $target i32) (param $lines i32) (param $bytes i32)
    (param $starts i32) (param $weights i32) (param $taps i32)
    (local $line i32) (local $first i32) (local $at i32) (local $from i32) (local $tap i32) (local $weight i32)
    (local $w v128) (local $v v128) (local $half v128)
    (local $sum0 v128) (local $sum1 v128) (local $sum2 v128) (local $sum3 v128)
    (loop $lineLoop
      (local.set $first (i32.add (local.get $source)
        (i32.load (i32.add (local.get $starts) (i32.shl (local.get $line) (i32.const 2))))))
      (local.set $at (i32.const 0))
      (loop $sixteen
        (local.set $from (i32.add (local.get $first) (local.get $at)))
        (local.set $weight (local.get $weights))
        (local.set $tap (local.get $taps))
        (local.set $sum0 (v128.const i32x4 2097152 2097152 2097152 2097152))
        (local.set $sum1 (local.get $sum0))
        (local.set $sum2 (local.get $sum0))
        (local.set $sum3 (local.get $sum0))
        (loop $tapLoop
          (local.set $w (v128.load32_splat (local.get $weight)))
          (local.set $v (v128.load (local.get $from)))
          (local.set $half (i16x8.extend_low_i8x16_u (local.get $v)))
          (local.set $sum0 (i32x4.add (local.get $sum0)
            (i32x4.mul (local.get $w) (i32x4.extend_low_i16x8_u (local.get $half)))))
          (local.set $sum1 (i32x4.add (local.get $sum1)
            (i32x4.mul (local.get $w) (i32x4.extend_high_i16x8_u (local.get $half)))))
          (local.set $half (i16x8.extend_high_i8x16_u (local.get $v)))
          (local.set $sum2 (i32x4.add (local.get $sum2)
            (i32x4.mul (local.get $w) (i32x4.extend_low_i16x8_u (local.get $half)))))
          (local.set $sum3 (i32x4.add (local.get $sum3)
            (i32x4.mul (local.get $w) (i32x4.extend_high_i16x8_u (local.get $half)))))
          (local.set $from (i32.add (local.get $from) (local.get $bytes)))
          (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
          (br_if $tapLoop (local.tee $tap (i32.sub (local.get $tap) (i32.const 1)))))
        (v128.store (i32.add (local.get $target) (local.get $at))
          (i8x16.narrow_i16x8_u
            (i16x8.narrow_i32x4_s
              (i32x4.shr_s (local.get $sum0) (i32.const 22)) (i32x4.shr_s (local.get $sum1) (i32.const 22)))
            (i16x8.narrow_i32x4_s
              (i32x4.shr_s (local.get $sum2) (i32.const 22)) (i32x4.shr_s (local.get $sum3) (i32.const 22)))))
        (br_if $sixteen (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $bytes))))
      (local.set $target (i32.add (local.get $target) (local.get $bytes)))
      (local.set $weights (i32.add (local.get $weights) (i32.shl (local.get $taps) (i32.const 2))))
      (br_if $lineLoop (i32.lt_u (local.tee $line (i32.add (local.get $line) (i32.const 1))) (local.get $lines))))))
