// Windows of images in NHWC as rows of a matrix and back, which makes a convolution a product; the gradient of max pooling.
#include "simd.h"

// The geometry that JavaScript puts on the heap: of images, of the result, and of the windows. **Unit**: elements; `top` and `left` are padding.
typedef struct {
  int height, width, channels, out_height, out_width, filter_height, filter_width, stride_y, stride_x, top, left;
} Geometry;

INLINE int max(int a, int b) { return a > b ? a : b; }
INLINE int min(int a, int b) { return a < b ? a : b; }

// Columns [first, end) of a window whose left edge is at `x` lie in an image.
#define WINDOW_COLUMNS(g, x)                         \
  int x = ox * g->stride_x - g->left;                \
  int first = min(max(0, -x), g->filter_width);      \
  int end = max(first, min(g->filter_width, g->width - x));

// Copies n numbers. The last vector overlaps the one before; fewer than four are copied as two and one, as windows of one channel are 3 numbers wide.
INLINE void copy(float *to, const float *from, int n) {
  if (n < 4) {
    if (n > 1) wasm_v128_store64_lane(to, wasm_v128_load64_zero(from), 0);
    if (n != 2) to[n - 1] = from[n - 1];
    return;
  }
  int i = 0;
  for (; i + 4 <= n; i += 4) store(to + i, load(from + i));
  store(to + n - 4, load(from + n - 4));
}

// Rows of `to`: one for each position of `lines` rows of the result from `line` on (counted over the whole batch); columns: filter row, filter column, channel.
// What lies outside is zero.
EXPORT(windows_to_rows) void windows_to_rows(const float *image, float *to, int line, int lines, const Geometry *g) {
  int c = g->channels, across = g->filter_width * c, taps = g->filter_height * across;
  for (int l = line; l < line + lines; l++, to += g->out_width * taps) {
    const float *from = image + l / g->out_height * g->height * g->width * c;
    int top = l % g->out_height * g->stride_y - g->top;
    for (int fy = 0; fy < g->filter_height; fy++) {
      int y = top + fy, inside = y >= 0 && y < g->height;
      const float *line_of_image = from + y * g->width * c;
      float *part = to + fy * across;
      for (int ox = 0; ox < g->out_width; ox++, part += taps) {
        int x = ox * g->stride_x - g->left;
        const float *row = line_of_image + x * c;
        if (inside && x >= 0 && x + g->filter_width <= g->width) {
          copy(part, row, across);
          continue;
        }
        int begin = inside ? -x * c : across, end = inside ? (g->width - x) * c : 0;
        for (int i = 0; i < across; i++) part[i] = i >= begin && i < end ? row[i] : 0;
      }
    }
  }
}

// Adds rows to the windows that they come from. `image` begins as zeros.
EXPORT(rows_to_windows) void rows_to_windows(const float *from, float *image, int line, int lines, const Geometry *g) {
  int c = g->channels;
  for (int l = line; l < line + lines; l++) {
    float *to = image + l / g->out_height * g->height * g->width * c;
    int top = l % g->out_height * g->stride_y - g->top;
    for (int ox = 0; ox < g->out_width; ox++) {
      WINDOW_COLUMNS(g, x)
      for (int fy = 0; fy < g->filter_height; fy++, from += g->filter_width * c) {
        int y = top + fy, i = first * c;
        if (y < 0 || y >= g->height) continue;
        float *row = to + (y * g->width + x) * c;
        for (; i + 4 <= end * c; i += 4) store(row + i, load(row + i) + load(from + i));
        for (; i < end * c; i++) row[i] += from[i];
      }
    }
  }
}

// Four channels of a window of 2 x 2 elements that no other window has.
INLINE void square_gradient(const float *image, f4 dy, float *dx, int right, int below) {
  f4 a = load(image), b = load(image + right), c = load(image + below), d = load(image + below + right);
  i4 second = b > a;
  f4 best = choose(second, b, a);
  i4 third = c > best;
  best = choose(third, c, best);
  i4 fourth = d > best, slope = (i4)(dy + splat(0)), later = third | fourth;
  store(dx, (f4)(slope & ~(second | later)));
  store(dx + right, (f4)(slope & second & ~later));
  store(dx + below, (f4)(slope & third & ~fourth));
  store(dx + below + right, (f4)(slope & fourth));
}

// Adds each number of dy to the first of the largest elements of its window; a NaN in the first place stays the largest. `dx` begins as zeros.
EXPORT(max_pool_gradient) void max_pool_gradient(const float *image, const float *dy, float *dx, int line, int lines, const Geometry *g) {
  int c = g->channels, pitch = g->width * c;
  int apart = g->stride_y >= g->filter_height && g->stride_x >= g->filter_width;
  dy += line * g->out_width * c;
  for (int l = line; l < line + lines; l++) {
    int start = l / g->out_height * g->height * pitch, top = l % g->out_height * g->stride_y - g->top;
    int y0 = max(0, top), y1 = min(g->height, top + g->filter_height);
    for (int ox = 0; ox < g->out_width; ox++, dy += c) {
      WINDOW_COLUMNS(g, left)
      int x0 = left + first, x1 = left + end, corner = start + y0 * pitch + x0 * c;
      if (y0 >= y1 || x0 >= x1) continue;
      int j = 0;
      if (apart && y1 - y0 == 2 && x1 - x0 == 2)
        for (; j + 4 <= c; j += 4) square_gradient(image + corner + j, load(dy + j), dx + corner + j, c, pitch);
      for (; j + 4 <= c; j += 4) {
        f4 best = load(image + corner + j);
        i4 where = splat_int(corner);
        for (int y = y0; y < y1; y++)
          for (int x = x0, at = start + y * pitch + x0 * c; x < x1; x++, at += c) {
            f4 value = load(image + at + j);
            i4 larger = value > best;
            best = choose(larger, value, best);
            where = (i4)choose(larger, (f4)splat_int(at), (f4)where);
          }
        for (int lane = 0; lane < 4; lane++) dx[where[lane] + j + lane] += dy[j + lane];
      }
      for (; j < c; j++) {
        int best = corner;
        for (int y = y0; y < y1; y++)
          for (int x = x0, at = start + y * pitch + x0 * c; x < x1; x++, at += c)
            if (image[at + j] > image[best + j]) best = at;
        dx[best + j] += dy[j];
      }
    }
  }
}
