// Softmax over rows, and its cross-entropy with integer labels. A row with a NaN is NaN.
#include "functions.h"

INLINE float row_max(const float *x, int columns) {
  f4 top = splat(-__builtin_inff());
  int j = 0;
  for (; j + 4 <= columns; j += 4) top = max4(top, load(x + j));
  for (; j < columns; j++) top = max4(top, splat(x[j]));
  return max_lanes(top);
}

// y = exp(x - top); returns the sum.
INLINE float row_exp(const float *x, float *y, int columns, float top) {
  f4 sum = splat(0);
  int j = 0;
  for (; j + 4 <= columns; j += 4) {
    f4 e = exp4(load(x + j) - splat(top));
    store(y + j, e);
    sum += e;
  }
  float rest = 0;
  for (; j < columns; j++) rest += y[j] = exp4(splat(x[j] - top))[0];
  return sum_lanes(sum) + rest;
}

INLINE void row_scale(float *y, int columns, float factor) {
  int j = 0;
  for (; j + 4 <= columns; j += 4) store(y + j, load(y + j) * splat(factor));
  for (; j < columns; j++) y[j] *= factor;
}

EXPORT(softmax) void softmax(const float *x, float *y, int rows, int columns) {
  for (int i = 0; i < rows; i++, x += columns, y += columns) row_scale(y, columns, 1 / row_exp(x, y, columns, row_max(x, columns)));
}

// dx = y (dy - sum of y dy).
EXPORT(softmax_gradient) void softmax_gradient(const float *y, const float *dy, float *dx, int rows, int columns) {
  for (int i = 0; i < rows; i++, y += columns, dy += columns, dx += columns) {
    f4 sum = splat(0);
    float rest = 0;
    int j = 0;
    for (; j + 4 <= columns; j += 4) sum = fma4(load(y + j), load(dy + j), sum);
    for (; j < columns; j++) rest += y[j] * dy[j];
    float total = sum_lanes(sum) + rest;
    for (j = 0; j + 4 <= columns; j += 4) store(dx + j, load(y + j) * (load(dy + j) - splat(total)));
    for (; j < columns; j++) dx[j] = y[j] * (dy[j] - total);
  }
}
