// LayerNorm: y = z weight + bias with z = (x - mean) / sqrt(variance + epsilon), on rows.
#include "sums.h"

// `normal` is z and `scale` is 1 / sqrt(variance + epsilon) of each row, for the gradient.
EXPORT(layer_norm) void layer_norm(const float *x, const float *weight, const float *bias, float *y, float *normal, float *scale, int rows, int columns, float epsilon) {
  for (int i = 0; i < rows; i++, x += columns, y += columns, normal += columns) {
    f4 mean = splat((float)(block_sum_blocks(x, columns) / columns));
    int j = 0;
    for (; j + 4 <= columns; j += 4) store(normal + j, load(x + j) - mean);
    if (j < columns) store_end(normal + j, load_end(x + j, columns - j) - mean, columns - j);
    double variance = block_sum_squares_blocks(normal, columns) / columns;
    float r = (float)(1 / __builtin_sqrt(variance + epsilon));
    scale[i] = r;
    for (j = 0; j + 4 <= columns; j += 4) {
      f4 z = load(normal + j) * splat(r);
      store(normal + j, z);
      store(y + j, fma4(z, load(weight + j), load(bias + j)));
    }
    if (j < columns) {
      int n = columns - j;
      f4 z = load_end(normal + j, n) * splat(r);
      store_end(normal + j, z, n);
      store_end(y + j, fma4(z, load_end(weight + j, n), load_end(bias + j, n)), n);
    }
  }
}

// dx = scale (g - mean(g) - z mean(g z)) with g = dy weight.
EXPORT(layer_norm_gradient) void layer_norm_gradient(const float *dy, const float *weight, const float *normal, const float *scale, float *dx, int rows, int columns) {
  for (int i = 0; i < rows; i++, dy += columns, normal += columns, dx += columns) {
    f4 sum = splat(0), along = splat(0);
    int j = 0;
    for (; j + 4 <= columns; j += 4) {
      f4 g = load(dy + j) * load(weight + j);
      sum += g;
      along = fma4(g, load(normal + j), along);
    }
    int n = columns - j;
    if (n > 0) {
      f4 g = load_end(dy + j, n) * load_end(weight + j, n);
      sum += g;
      along = fma4(g, load_end(normal + j, n), along);
    }
    f4 mean = splat(sum_lanes(sum) / columns), slope = splat(sum_lanes(along) / columns), r = splat(scale[i]);
    for (j = 0; j + 4 <= columns; j += 4) {
      f4 g = load(dy + j) * load(weight + j);
      store(dx + j, r * (g - mean - load(normal + j) * slope));
    }
    if (n > 0) {
      f4 g = load_end(dy + j, n) * load_end(weight + j, n);
      store_end(dx + j, r * (g - mean - load_end(normal + j, n) * slope), n);
    }
  }
}

#define ROWS 64

// The gradients of weight and bias for `columns` columns of rows that are `stride` numbers apart: dweight = sum of dy z, dbias = sum of dy, over rows. 64 rows at a
// time, then their sums.
EXPORT(layer_norm_parameters) void layer_norm_parameters(const float *dy, const float *normal, float *dweight, float *dbias, int rows, int columns, int stride) {
  for (int j = 0; j < columns; j++) dweight[j] = dbias[j] = 0;
  for (int top = 0; top < rows; top += ROWS, dy += ROWS * stride, normal += ROWS * stride) {
    int count = rows - top < ROWS ? rows - top : ROWS, j = 0;
    for (; j + 8 <= columns; j += 8) {
      f4 w0 = splat(0), w1 = splat(0), b0 = splat(0), b1 = splat(0);
      for (int i = 0, at = j; i < count; i++, at += stride) {
        f4 d0 = load(dy + at), d1 = load(dy + at + 4);
        w0 = fma4(d0, load(normal + at), w0);
        w1 = fma4(d1, load(normal + at + 4), w1);
        b0 += d0;
        b1 += d1;
      }
      store(dweight + j, load(dweight + j) + w0);
      store(dweight + j + 4, load(dweight + j + 4) + w1);
      store(dbias + j, load(dbias + j) + b0);
      store(dbias + j + 4, load(dbias + j + 4) + b1);
    }
    for (; j < columns; j++) {
      float w = 0, b = 0;
      for (int i = 0, at = j; i < count; i++, at += stride) {
        w += dy[at] * normal[at];
        b += dy[at];
      }
      dweight[j] += w;
      dbias[j] += b;
    }
  }
}
