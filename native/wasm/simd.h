// Vectors of four: arithmetic is written with operators, and rounds once an operation (-ffp-contract=off) except in `fma4`.
#pragma once
#include <wasm_simd128.h>

#define EXPORT(name) __attribute__((export_name(#name)))
#define INLINE static inline __attribute__((always_inline))

typedef float f4 __attribute__((vector_size(16)));
typedef int i4 __attribute__((vector_size(16)));

INLINE f4 load(const float *from) { return (f4)wasm_v128_load(from); }
INLINE void store(float *to, f4 x) { wasm_v128_store(to, (v128_t)x); }
INLINE f4 splat(float x) { return (f4)wasm_f32x4_splat(x); }
INLINE i4 splat_int(int x) { return (i4)wasm_i32x4_splat(x); }

// a b + c: rounded once where the hardware has it and the module may use it (relaxed SIMD), else twice.
INLINE f4 fma4(f4 a, f4 b, f4 c) {
#ifdef RELAXED
  return (f4)__builtin_wasm_relaxed_madd_f32x4(a, b, c);
#else
  return a * b + c;
#endif
}

// Lanes of `yes` where the mask's bits are set, of `no` elsewhere.
INLINE f4 choose(i4 mask, f4 yes, f4 no) { return (f4)wasm_v128_bitselect((v128_t)yes, (v128_t)no, (v128_t)mask); }
INLINE f4 abs4(f4 x) { return (f4)wasm_f32x4_abs((v128_t)x); }
INLINE f4 sqrt4(f4 x) { return (f4)wasm_f32x4_sqrt((v128_t)x); }
// The larger number of each lane; NaN when either is.
INLINE f4 max4(f4 a, f4 b) { return (f4)wasm_f32x4_max((v128_t)a, (v128_t)b); }
INLINE f4 min4(f4 a, f4 b) { return (f4)wasm_f32x4_min((v128_t)a, (v128_t)b); }
// `x` with the signs of `sign`.
INLINE f4 with_sign(f4 x, f4 sign) { return choose(splat_int(0x7fffffff), x, sign); }

INLINE float sum_lanes(f4 x) { return (x[0] + x[1]) + (x[2] + x[3]); }
INLINE float max_lanes(f4 x) {
  f4 pairs = max4(x, __builtin_shufflevector(x, x, 2, 3, 0, 1));
  return max4(pairs, __builtin_shufflevector(pairs, pairs, 1, 0, 3, 2))[0];
}

// The last 1 to 3 numbers of an array, the other lanes 0: ends run through the same code as the rest, so that a number's result does not depend on
// where it lies.
INLINE f4 load_end(const float *from, int n) {
  f4 x = {from[0], n > 1 ? from[1] : 0, n > 2 ? from[2] : 0, 0};
  return x;
}
INLINE void store_end(float *to, f4 x, int n) {
  to[0] = x[0];
  if (n > 1) to[1] = x[1];
  if (n > 2) to[2] = x[2];
}
