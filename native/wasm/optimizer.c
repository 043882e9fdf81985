// Updates of parameters in one pass.
#include "simd.h"

// What AdamW computes for four parameters.
typedef struct {
  f4 parameter, mean, square;
} Moments;

// In the order in which the composition of tensor operations rounds, so that both give the same bits: no fma4.
INLINE Moments adamw4(f4 p, f4 g, f4 m, f4 v, f4 factor, f4 beta1, f4 rest1, f4 beta2, f4 rest2, f4 epsilon, f4 correction, f4 decay, f4 rate) {
  g = g * factor;
  m = m * beta1 + g * rest1;
  v = v * beta2 + (g * g) * rest2;
  f4 update = m / (sqrt4(v) + epsilon) * correction;
  // Without decay nothing is added: an infinite parameter would become NaN.
  update = update + choose(decay != splat(0), p * decay, splat(0));
  return (Moments){p + update * rate, m, v};
}

// `factor` scales the gradient (1 / count, clipping), `rest` is 1 - beta, `rate` the negative learning rate. An output may lie where an input does.
EXPORT(adamw) void adamw(const float *p, const float *g, const float *m, const float *v, float *new_p, float *new_m, float *new_v, int n, float factor, float beta1, float rest1, float beta2, float rest2, float epsilon, float correction, float decay, float rate) {
#define ADAMW(load4) \
  adamw4(load4(p), load4(g), load4(m), load4(v), splat(factor), splat(beta1), splat(rest1), splat(beta2), splat(rest2), splat(epsilon), splat(correction), splat(decay), splat(rate))
  int i = 0;
#define AT(x) load(x + i)
  for (; i + 4 <= n; i += 4) {
    Moments next = ADAMW(AT);
    store(new_p + i, next.parameter);
    store(new_m + i, next.mean);
    store(new_v + i, next.square);
  }
#define END(x) load_end(x + i, n - i)
  if (i < n) {
    Moments next = ADAMW(END);
    store_end(new_p + i, next.parameter, n - i);
    store_end(new_m + i, next.mean, n - i);
    store_end(new_v + i, next.square, n - i);
  }
}
