// C = op(A) op(B) (+ bias, or + C), float32, row-major, op: as it is or transposed. Both operands are packed into panels, which absorbs transposes, and multiplied in
// register tiles of MR x 8. Source: Goto and van de Geijn 2008, https://doi.org/10.1145/1356052.1356053.
//
// Each number of C is summed over k in order, in blocks of KC, wherever its tile lies: a product split into parts of its rows and columns has the same bits.
#include "simd.h"

// Six rows fill the sixteen registers of x86 when a multiply-add is one instruction; else the product needs one too, and four are faster.
#ifdef RELAXED
#define MR 6
#define EACH_ROW(f) f(0) f(1) f(2) f(3) f(4) f(5)
#else
#define MR 4
#define EACH_ROW(f) f(0) f(1) f(2) f(3)
#endif
#define NR 8
// A panel of B of KC x NR stays in the first cache, a block of A of MC x KC in the second.
#define KC 256
#define MC 192
#define NC 512

INLINE int min(int a, int b) { return a < b ? a : b; }

typedef struct {
  f4 r0, r1, r2, r3;
} Square;

// Four rows of four numbers, transposed.
INLINE Square transposed(const float *from, int stride) {
  f4 a = load(from), b = load(from + stride), c = load(from + 2 * stride), d = load(from + 3 * stride);
  f4 ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  f4 ab2 = __builtin_shufflevector(a, b, 2, 6, 3, 7), cd2 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  return (Square){__builtin_shufflevector(ab, cd, 0, 1, 4, 5), __builtin_shufflevector(ab, cd, 2, 3, 6, 7), __builtin_shufflevector(ab2, cd2, 0, 1, 4, 5), __builtin_shufflevector(ab2, cd2, 2, 3, 6, 7)};
}

// Copies panels: for each of `depth` steps, `width` neighbours (rows of A, columns of B). Neighbours are `across` numbers apart and steps `along`, one of
// which is 1. Those beyond `count` are zero.
INLINE void pack(const float *from, int across, int along, int count, int depth, int width, float *to) {
  for (int i = 0; i < count; i += width, from += width * across) {
    int present = min(count - i, width), p = 0;
    if (present == width && along == 1) {
      for (; p + 4 <= depth; p += 4, to += 4 * width) {
        for (int q = 0; q + 4 <= width; q += 4) {
          Square s = transposed(from + p + q * across, across);
          store(to + q, s.r0);
          store(to + width + q, s.r1);
          store(to + 2 * width + q, s.r2);
          store(to + 3 * width + q, s.r3);
        }
        if (width % 4 == 2) {
          f4 a = load(from + p + (width - 2) * across), b = load(from + p + (width - 1) * across);
          v128_t low = (v128_t)__builtin_shufflevector(a, b, 0, 4, 1, 5), high = (v128_t)__builtin_shufflevector(a, b, 2, 6, 3, 7);
          wasm_v128_store64_lane(to + width - 2, low, 0);
          wasm_v128_store64_lane(to + 2 * width - 2, low, 1);
          wasm_v128_store64_lane(to + 3 * width - 2, high, 0);
          wasm_v128_store64_lane(to + 4 * width - 2, high, 1);
        }
      }
    } else if (present == width) {
      for (; p < depth; p++, to += width) {
        const float *step = from + p * along;
        for (int q = 0; q + 4 <= width; q += 4) store(to + q, load(step + q));
        if (width % 4 == 2) wasm_v128_store64_lane(to + width - 2, wasm_v128_load64_zero(step + width - 2), 0);
      }
    }
    for (; p < depth; p++, to += width)
      for (int q = 0; q < width; q++) to[q] = q < present ? from[p * along + q * across] : 0;
  }
}

#define ZERO(r) f4 low##r = splat(0), high##r = splat(0);
#define MULTIPLY(r)                            \
  {                                            \
    f4 x = (f4)wasm_v128_load32_splat(a + r);  \
    low##r = fma4(x, b_low, low##r);           \
    high##r = fma4(x, b_high, high##r);        \
  }
#define SPILL(r)             \
  store(edge + r * NR, low##r); \
  store(edge + r * NR + 4, high##r);
#define WRITE(r)                                                  \
  {                                                               \
    float *to = c + r * ldc;                                      \
    if (add) low##r += load(to), high##r += load(to + 4);     \
    if (bias) low##r += load(bias), high##r += load(bias + 4); \
    store(to, low##r);                                            \
    store(to + 4, high##r);                                       \
  }

// One tile of C: `add` it to what is there from the blocks of k before, and the bias (or 0) after the last one. `edge` is room for a tile that C does not hold
// as a whole.
static __attribute__((noinline)) void tile(const float *a, const float *b, int k, float *c, int ldc, int rows, int columns, int add, const float *bias, float *edge) {
  EACH_ROW(ZERO)
  // In a short loop V8 holds all sums in registers; unrolled, it spills some and loses a quarter of the speed.
  _Pragma("clang loop unroll(disable)") for (; k > 0; k--, a += MR, b += NR) {
    f4 b_low = load(b), b_high = load(b + 4);
    EACH_ROW(MULTIPLY)
  }
  if (rows == MR && columns == NR) {
    EACH_ROW(WRITE)
    return;
  }
  EACH_ROW(SPILL)
  for (int r = 0; r < rows; r++)
    for (int j = 0; j < columns; j++) {
      float sum = edge[r * NR + j];
      if (add) sum += c[r * ldc + j];
      if (bias) sum += bias[j];
      c[r * ldc + j] = sum;
    }
}

#define ROUND_UP(n, multiple) (((n) + (multiple)-1) / (multiple) * (multiple))
#define PANELS_B (ROUND_UP(NC, NR) * KC)
#define PANELS_A (ROUND_UP(MC, MR) * KC)

// Bytes of scratch memory that `gemm` needs.
EXPORT(gemm_scratch) int gemm_scratch(void) { return (PANELS_B + PANELS_A + MR * NR) * sizeof(float); }

// A is m x k and B is k x n after `ta` and `tb`; `lda`, `ldb`, `ldc` are the distances of rows as they are stored. `bias` has n numbers, or is 0; with
// `add` the product is added to C. k > 0.
EXPORT(gemm) __attribute__((noinline)) void gemm(const float *a, int lda, int ta, const float *b, int ldb, int tb, float *c, int ldc, int m, int n, int k, const float *bias, int add, float *scratch) {
  float *panels_b = scratch, *panels_a = panels_b + PANELS_B, *edge = panels_a + PANELS_A;
  for (int j0 = 0; j0 < n; j0 += NC) {
    int nc = min(n - j0, NC);
    for (int p0 = 0; p0 < k; p0 += KC) {
      int kc = min(k - p0, KC);
      const float *added = p0 + kc == k ? bias : 0;
      if (tb) pack(b + j0 * ldb + p0, ldb, 1, nc, kc, NR, panels_b);
      else pack(b + p0 * ldb + j0, 1, ldb, nc, kc, NR, panels_b);
      for (int i0 = 0; i0 < m; i0 += MC) {
        int mc = min(m - i0, MC);
        if (ta) pack(a + p0 * lda + i0, 1, lda, mc, kc, MR, panels_a);
        else pack(a + i0 * lda + p0, lda, 1, mc, kc, MR, panels_a);
        for (int j = 0; j < nc; j += NR)
          for (int i = 0; i < mc; i += MR)
            tile(panels_a + i * kc, panels_b + j * kc, kc, c + (i0 + i) * ldc + j0 + j, ldc, min(mc - i, MR), min(nc - j, NR), add || p0 > 0, added ? added + j0 + j : 0, edge);
      }
    }
  }
}

// A batch of products of one form; `sa`, `sb`, `sc` are the numbers from one matrix to the next, 0 to repeat one.
EXPORT(gemm_batch) void gemm_batch(const float *a, int lda, int ta, int sa, const float *b, int ldb, int tb, int sb, float *c, int ldc, int sc, int m, int n, int k, int count, float *scratch) {
  for (int i = 0; i < count; i++) gemm(a + i * sa, lda, ta, b + i * sb, ldb, tb, c + i * sc, ldc, m, n, k, 0, 0, scratch);
}
