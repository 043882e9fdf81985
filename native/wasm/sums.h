// Sums of an array: 16 partial sums over a block in float32, the blocks in float64. The order is fixed, so the bits are too.
#pragma once
#include "simd.h"

#define SUM_BLOCK 4096

#define BLOCK_SUM(name, add)                                                                   \
  INLINE float name(const float *x, int n) {                                                   \
    f4 s0 = splat(0), s1 = splat(0), s2 = splat(0), s3 = splat(0);                             \
    int i = 0;                                                                                 \
    for (; i + 16 <= n; i += 16) {                                                             \
      s0 = add(s0, load(x + i));                                                               \
      s1 = add(s1, load(x + i + 4));                                                           \
      s2 = add(s2, load(x + i + 8));                                                           \
      s3 = add(s3, load(x + i + 12));                                                          \
    }                                                                                          \
    for (; i + 4 <= n; i += 4) s0 = add(s0, load(x + i));                                      \
    if (i < n) s1 = add(s1, load_end(x + i, n - i));                                           \
    return sum_lanes((s0 + s1) + (s2 + s3));                                                   \
  }                                                                                            \
  INLINE double name##_blocks(const float *x, int n) {                                         \
    double total = 0;                                                                          \
    for (int at = 0; at < n; at += SUM_BLOCK) total += name(x + at, n - at < SUM_BLOCK ? n - at : SUM_BLOCK); \
    return total;                                                                              \
  }

INLINE f4 add_number(f4 sum, f4 x) { return sum + x; }
INLINE f4 add_square(f4 sum, f4 x) { return fma4(x, x, sum); }

BLOCK_SUM(block_sum, add_number)
BLOCK_SUM(block_sum_squares, add_square)
