// exp, erf, tanh and the normal distribution function of four numbers. All keep NaN, and give the limits at infinity.
#pragma once
#include "simd.h"

// 2^n e^r with |r| <= ln(2) / 2, by the polynomial of Cephes' expf: 2 ulp. Subnormal results are rounded, not flushed.
INLINE f4 exp4(f4 x) {
  f4 n = (f4)wasm_f32x4_nearest((v128_t)(x * splat(1.44269504088896341f)));
  // ln(2) in two parts, so that n times the first is exact.
  f4 r = fma4(n, splat(-0.693359375f), x);
  r = fma4(n, splat(2.12194440e-4f), r);
  f4 p = splat(1.9875691500e-4f);
  p = fma4(p, r, splat(1.3981999507e-3f));
  p = fma4(p, r, splat(8.3334519073e-3f));
  p = fma4(p, r, splat(4.1665795894e-2f));
  p = fma4(p, r, splat(1.6666665459e-1f));
  p = fma4(p, r, splat(5.0000001201e-1f));
  p = fma4(p * r, r, r + splat(1));
  // 2^n as two factors: 2^128 and 2^-149 are out of reach for one.
  i4 exponent = (i4)wasm_i32x4_trunc_sat_f32x4((v128_t)min4(max4(n, splat(-151)), splat(128)));
  i4 half = exponent >> 1;
  i4 bias = splat_int(127);
  p = p * (f4)((half + bias) << 23) * (f4)((exponent - half + bias) << 23);
  p = choose(x < splat(-104), splat(0), p);
  return choose(x > splat(89), splat(__builtin_inff()), p);
}

// Below, t is |x|. erf's complement at t > 0.927 is exp(-(t + erfc_exponent(t))); under that erf is x + x erf_small(x^2). Errors below 1.1 ulp with FMA.
// Source: minimax polynomials by N. Juffa, https://stackoverflow.com/q/35148198.
#define ERF_SMALL 0.927734375f

INLINE f4 erfc_exponential(f4 t) {
  f4 s = t * t;
  f4 r = fma4(splat(-1.72853470e-5f), t, splat(3.83197126e-4f));
  f4 u = fma4(splat(-3.88396438e-3f), t, splat(2.42546219e-2f));
  r = fma4(r, s, u);
  r = fma4(r, t, splat(-1.06777877e-1f));
  r = fma4(r, t, splat(-6.34846687e-1f));
  r = fma4(r, t, splat(-1.28717512e-1f));
  // Beyond 10 the polynomial is no longer that of erfc, which is 0 there in float32.
  return choose(t > splat(10.06f), splat(0), exp4(fma4(r, t, -t)));
}
INLINE f4 erf_small(f4 s) {
  f4 r = splat(-5.96761703e-4f);
  r = fma4(r, s, splat(4.99119423e-3f));
  r = fma4(r, s, splat(-2.67681349e-2f));
  r = fma4(r, s, splat(1.12819925e-1f));
  r = fma4(r, s, splat(-3.76125336e-1f));
  return fma4(r, s, splat(1.28379166e-1f));
}
INLINE f4 erf4(f4 x) {
  f4 t = abs4(x);
  f4 large = with_sign(splat(1) - erfc_exponential(t), x);
  return choose(t > splat(ERF_SMALL), large, fma4(erf_small(x * x), x, x));
}

// The distribution function of the standard normal distribution. The lower tail is no difference of large numbers, so it keeps its digits.
INLINE f4 normal_cdf4(f4 x) {
  f4 z = x * splat(0.70710678118654752f), t = abs4(z);
  f4 tail = splat(0.5f) * erfc_exponential(t);
  f4 large = choose(x < splat(0), tail, splat(1) - tail);
  return choose(t > splat(ERF_SMALL), large, fma4(fma4(erf_small(z * z), z, z), splat(0.5f), splat(0.5f)));
}

// Under 0.625 Cephes' polynomial, else 1 - 2 / (e^2t + 1).
INLINE f4 tanh4(f4 x) {
  f4 t = abs4(x), s = x * x;
  f4 p = splat(-5.70498872745e-3f);
  p = fma4(p, s, splat(2.06390887954e-2f));
  p = fma4(p, s, splat(-5.37397155531e-2f));
  p = fma4(p, s, splat(1.33314422036e-1f));
  p = fma4(p, s, splat(-3.33332819422e-1f));
  f4 large = with_sign(splat(1) - splat(2) / (exp4(t + t) + splat(1)), x);
  return choose(t > splat(0.625f), large, fma4(p * s, x, x));
}
