// Masks of dropout from Philox4x32-10 (Salmon et al. 2011), four blocks at a time; the words of src/Tensor/Philox.ts, bit for bit.
#include "simd.h"

typedef struct {
  v128_t high, low;
} Product;

// The 64-bit products of four words with a constant, by halves.
INLINE Product multiply(v128_t words, unsigned constant) {
  v128_t c = wasm_i32x4_splat((int)constant);
  v128_t first = wasm_u64x2_extmul_low_u32x4(words, c), last = wasm_u64x2_extmul_high_u32x4(words, c);
  return (Product){wasm_i32x4_shuffle(first, last, 1, 3, 5, 7), wasm_i32x4_shuffle(first, last, 0, 2, 4, 6)};
}

// 0 where the low 23 bits of a word are below the bound, else the factor.
INLINE f4 mask4(v128_t words, v128_t below, f4 factor) {
  return choose((i4)wasm_i32x4_lt(wasm_v128_and(words, wasm_i32x4_splat(0x7fffff)), below), splat(0), factor);
}

INLINE void put(float *mask, int at, int n, f4 x) {
  if (at + 4 <= n) store(mask + at, x);
  else if (at < n) store_end(mask + at, x, n - at);
}

// `n` factors from block `first` on, four a block.
EXPORT(dropout_mask) void dropout_mask(float *mask, int n, unsigned first, unsigned key0, unsigned key1, unsigned high0, unsigned high1, int below, float factor) {
  v128_t limit = wasm_i32x4_splat(below);
  f4 kept = splat(factor);
  for (int at = 0; at < n; at += 16) {
    v128_t c0 = wasm_i32x4_add(wasm_i32x4_const(0, 1, 2, 3), wasm_i32x4_splat((int)(first + (unsigned)at / 4)));
    v128_t c1 = wasm_i32x4_splat(0), c2 = wasm_i32x4_splat((int)high0), c3 = wasm_i32x4_splat((int)high1);
    unsigned k0 = key0, k1 = key1;
    for (int round = 0; round < 10; round++) {
      Product p = multiply(c0, 0xd2511f53), q = multiply(c2, 0xcd9e8d57);
      c0 = wasm_v128_xor(wasm_v128_xor(q.high, c1), wasm_i32x4_splat((int)k0));
      c1 = q.low;
      c2 = wasm_v128_xor(wasm_v128_xor(p.high, c3), wasm_i32x4_splat((int)k1));
      c3 = p.low;
      k0 += 0x9e3779b9;
      k1 += 0xbb67ae85;
    }
    // Lane b of word w is number 4 b + w.
    v128_t t0 = wasm_i32x4_shuffle(c0, c1, 0, 4, 1, 5), t1 = wasm_i32x4_shuffle(c2, c3, 0, 4, 1, 5);
    v128_t t2 = wasm_i32x4_shuffle(c0, c1, 2, 6, 3, 7), t3 = wasm_i32x4_shuffle(c2, c3, 2, 6, 3, 7);
    put(mask, at, n, mask4(wasm_i64x2_shuffle(t0, t1, 0, 2), limit, kept));
    put(mask, at + 4, n, mask4(wasm_i64x2_shuffle(t0, t1, 1, 3), limit, kept));
    put(mask, at + 8, n, mask4(wasm_i64x2_shuffle(t2, t3, 0, 2), limit, kept));
    put(mask, at + 12, n, mask4(wasm_i64x2_shuffle(t2, t3, 1, 3), limit, kept));
  }
}
