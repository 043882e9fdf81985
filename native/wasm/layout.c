// Moves of numbers of 32 bits (float32 or int32).
#include "simd.h"

INLINE void copy(const float *from, float *to, int n) {
  int i = 0;
  for (; i + 4 <= n; i += 4) store(to + i, load(from + i));
  for (; i < n; i++) ((int *)to)[i] = ((const int *)from)[i];
}

// out[i] = x[indices[i]], rows of `columns` numbers. Returns -1, or the place of the first index that is not below `limit`.
EXPORT(gather_rows) int gather_rows(const float *x, const int *indices, float *out, int count, int columns, unsigned limit) {
  for (int i = 0; i < count; i++, out += columns) {
    if ((unsigned)indices[i] >= limit) return i;
    copy(x + indices[i] * columns, out, columns);
  }
  return -1;
}

// Copies `columns` numbers of each row; rows are `stride` numbers apart, and `out_stride` in the result.
EXPORT(copy_columns) void copy_columns(const float *x, int stride, float *out, int out_stride, int rows, int columns) {
  for (int i = 0; i < rows; i++, x += stride, out += out_stride) copy(x, out, columns);
}

// out[s] += x[i] where s = indices[i], in the order of i. Rows of an index outside [0, limit) are dropped. `out` begins as zeros.
EXPORT(scatter_add_rows) void scatter_add_rows(const float *x, const int *indices, float *out, int count, int columns, unsigned limit) {
  for (int i = 0; i < count; i++, x += columns) {
    if ((unsigned)indices[i] >= limit) continue;
    float *to = out + indices[i] * columns;
    int j = 0;
    for (; j + 4 <= columns; j += 4) store(to + j, load(to + j) + load(x + j));
    for (; j < columns; j++) to[j] += x[j];
  }
}

// [a, b, c, d] to [a, c, b, d]: the heads of attention to the front and back. Rows of d numbers stay in one piece.
EXPORT(swap_middle) void swap_middle(const float *x, float *y, int a, int b, int c, int d) {
  for (int i = 0; i < a; i++, x += b * c * d)
    for (int k = 0; k < c; k++)
      for (int j = 0; j < b; j++, y += d) copy(x + (j * c + k) * d, y, d);
}

// y[i, j] = x[i, j] + row[j].
EXPORT(add_row) void add_row(const float *x, const float *row, float *y, int rows, int columns) {
  for (; rows > 0; rows--, x += columns, y += columns) {
    int j = 0;
    for (; j + 4 <= columns; j += 4) store(y + j, load(x + j) + load(row + j));
    for (; j < columns; j++) y[j] = x[j] + row[j];
  }
}
