// Sums over all numbers, over rows and over columns. The relative error of a sum of positive numbers is below 1e-6 at any length.
#include "sums.h"

EXPORT(sum_squares) double sum_squares(const float *x, int n) { return block_sum_squares_blocks(x, n); }

// out[i] = sum over j of x[i, j].
EXPORT(row_sums) void row_sums(const float *x, float *out, int rows, int columns) {
  for (int i = 0; i < rows; i++, x += columns) out[i] = (float)block_sum_blocks(x, columns);
}

#define ROWS 64

// Adds four float32 numbers to float64 totals.
INLINE void accumulate4(double *totals, f4 x) {
  v128_t high = (v128_t)__builtin_shufflevector(x, x, 2, 3, 2, 3);
  wasm_v128_store(totals, wasm_f64x2_add(wasm_v128_load(totals), wasm_f64x2_promote_low_f32x4((v128_t)x)));
  wasm_v128_store(totals + 2, wasm_f64x2_add(wasm_v128_load(totals + 2), wasm_f64x2_promote_low_f32x4(high)));
}

// out[j] = sum over i of x[i, j], for `columns` columns of a matrix whose rows are `stride` numbers apart: 64 rows at a time in float32, which stay in the
// cache from one group of columns to the next, and their sums in float64. `totals` has room for `columns` of these.
EXPORT(column_sums) void column_sums(const float *x, int stride, float *out, int rows, int columns, double *totals) {
  for (int j = 0; j < columns; j++) totals[j] = 0;
  for (int top = 0; top < rows; top += ROWS, x += ROWS * stride) {
    int count = rows - top < ROWS ? rows - top : ROWS, j = 0;
    for (; j + 16 <= columns; j += 16) {
      f4 s0 = splat(0), s1 = splat(0), s2 = splat(0), s3 = splat(0);
      const float *from = x + j;
      for (int i = 0; i < count; i++, from += stride) {
        s0 += load(from);
        s1 += load(from + 4);
        s2 += load(from + 8);
        s3 += load(from + 12);
      }
      accumulate4(totals + j, s0);
      accumulate4(totals + j + 4, s1);
      accumulate4(totals + j + 8, s2);
      accumulate4(totals + j + 12, s3);
    }
    for (; j + 4 <= columns; j += 4) {
      f4 s = splat(0);
      for (int i = 0; i < count; i++) s += load(x + i * stride + j);
      accumulate4(totals + j, s);
    }
    for (; j < columns; j++) {
      float s = 0;
      for (int i = 0; i < count; i++) s += x[i * stride + j];
      totals[j] += s;
    }
  }
  for (int j = 0; j < columns; j++) out[j] = (float)totals[j];
}
