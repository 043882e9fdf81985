// Functions of each element and the gradients of activations. `n` is any number; an output may lie where an input does.
#include "functions.h"

// y = f(x)
#define UNARY(name, f)                                                          \
  EXPORT(name) void name##_array(const float *x, float *y, int n) {             \
    int i = 0;                                                                  \
    for (; i + 4 <= n; i += 4) store(y + i, f(load(x + i)));                    \
    if (i < n) store_end(y + i, f(load_end(x + i, n - i)), n - i);              \
  }

// dx = f(x) dy, where f is the derivative.
#define GRADIENT(name, f)                                                       \
  EXPORT(name) void name##_array(const float *x, const float *dy, float *dx, int n) { \
    int i = 0;                                                                  \
    for (; i + 4 <= n; i += 4) store(dx + i, f(load(x + i)) * load(dy + i));    \
    if (i < n) store_end(dx + i, f(load_end(x + i, n - i)) * load_end(dy + i, n - i), n - i); \
  }

UNARY(exp, exp4)
UNARY(erf, erf4)
UNARY(tanh, tanh4)

// GELU: x Phi(x). Its derivative is Phi(x) + x phi(x).
INLINE f4 gelu4(f4 x) { return x * normal_cdf4(x); }
INLINE f4 gelu_slope4(f4 x) {
  f4 density = exp4(x * x * splat(-0.5f)) * splat(0.39894228040143268f);
  return fma4(x, density, normal_cdf4(x));
}
UNARY(gelu, gelu4)
GRADIENT(gelu_gradient, gelu_slope4)

// GELU by the hyperbolic tangent: with u = sqrt(2 / pi) (x + 0.044715 x^3) it is x (1 + tanh(u)) / 2 = x s(2 u), where s is the logistic function; in
// that form the lower tail is no difference of large numbers.
#define ROOT 1.5957691216057308f // 2 sqrt(2 / pi)
#define CUBIC 0.044715f
INLINE f4 gelu_gate4(f4 x) {
  f4 u = splat(ROOT) * fma4(splat(CUBIC) * x * x, x, x);
  return splat(1) / (splat(1) + exp4(-u));
}
INLINE f4 gelu_tanh4(f4 x) { return x * gelu_gate4(x); }
INLINE f4 gelu_tanh_slope4(f4 x) {
  f4 gate = gelu_gate4(x), inner = splat(ROOT) * fma4(splat(3 * CUBIC) * x, x, splat(1));
  return fma4(x * gate * (splat(1) - gate), inner, gate);
}
UNARY(gelu_tanh, gelu_tanh4)
GRADIENT(gelu_tanh_gradient, gelu_tanh_slope4)
