// The rectifier and its gradient. Both pass on NaN.
#include "simd.h"

// max(x, 0), and NaN for NaN.
INLINE f4 relu4(f4 x) { return max4(x, splat(0)); }
EXPORT(relu) void relu(const float *x, float *y, int n) {
  int i = 0;
  for (; i + 4 <= n; i += 4) store(y + i, relu4(load(x + i)));
  if (i < n) store_end(y + i, relu4(load_end(x + i, n - i)), n - i);
}

// dy times the step of x: 1 where x > 0, else 0, and NaN for NaN.
INLINE f4 relu_gradient4(f4 x, f4 dy) { return dy * choose(x > splat(0), splat(1), choose(x == x, splat(0), x)); }
EXPORT(relu_gradient) void relu_gradient(const float *x, const float *dy, float *dx, int n) {
  int i = 0;
  for (; i + 4 <= n; i += 4) store(dx + i, relu_gradient4(load(x + i), load(dy + i)));
  if (i < n) store_end(dx + i, relu_gradient4(load_end(x + i, n - i), load_end(dy + i, n - i)), n - i);
}
