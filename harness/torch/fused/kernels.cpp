#include "kernels.h"

#include <algorithm>
#include <cmath>
#include <cstring>

// Each kernel is compiled for the vector units of newer processors too; the
// loader takes the best that the machine has.
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__clang__)
#define LASTMILE_CLONES                                                        \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define LASTMILE_CLONES
#endif
#define LASTMILE_INLINE inline __attribute__((always_inline))

namespace lastmile {
namespace {

// exponential is e^x. That of float is the polynomial of degree 7 around 0
// after x = k ln 2 + r, within 2 units in the last place, so that the compiler
// can compute many at once; below -87 it is 0, since numbers that small have
// no full precision and slow every product with them down.
LASTMILE_INLINE double exponential(double x) { return std::exp(x); }

LASTMILE_INLINE float exponential(float x) {
  const float bounded = std::min(std::max(x, -87.0f), 88.0f);
  const float k = (bounded * 1.44269504f + 12582912.0f) - 12582912.0f; // rounded
  float r = bounded - k * 0.693145752f;
  r -= k * 1.42860677e-6f;
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  const int32_t bits = (static_cast<int32_t>(k) + 127) << 23;
  float power;
  std::memcpy(&power, &bits, sizeof power);
  const float y = p * power;
  return x < -87.0f ? 0.0f : y;
}

template <typename T>
LASTMILE_INLINE void rms_norm_rows(const T *x, const T *w, T *y, T *r, int64_t begin, int64_t end, int64_t n, double eps) {
  for (int64_t row = begin; row < end; row++) {
    const T *in = x + row * n;
    T *out = y + row * n;
    T sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < n; i++) sum += in[i] * in[i];
    const T scale = T(1) / std::sqrt(sum / T(n) + T(eps));
    r[row] = scale;
#pragma omp simd
    for (int64_t i = 0; i < n; i++) out[i] = in[i] * scale * w[i];
  }
}

template <typename T>
LASTMILE_INLINE void rms_norm_backward_rows(const T *g, const T *x, const T *w, const T *r, T *dx, T *dw, int64_t begin, int64_t end, int64_t n) {
  for (int64_t row = begin; row < end; row++) {
    const T *in = x + row * n, *up = g + row * n;
    T *out = dx + row * n;
    const T scale = r[row];
    T dot = 0;
#pragma omp simd reduction(+ : dot)
    for (int64_t i = 0; i < n; i++) {
      dot += up[i] * w[i] * in[i];
      dw[i] += up[i] * in[i] * scale;
    }
    const T along = dot * scale * scale / T(n);
#pragma omp simd
    for (int64_t i = 0; i < n; i++) out[i] = scale * (up[i] * w[i] - in[i] * along);
  }
}

template <typename T>
LASTMILE_INLINE void swiglu_elements(const T *gate, const T *up, T *y, int64_t begin, int64_t end) {
#pragma omp simd
  for (int64_t i = begin; i < end; i++) y[i] = gate[i] / (T(1) + exponential(-gate[i])) * up[i];
}

template <typename T>
LASTMILE_INLINE void swiglu_backward_elements(const T *g, const T *gate, const T *up, T *dgate, T *dup, int64_t begin, int64_t end) {
#pragma omp simd
  for (int64_t i = begin; i < end; i++) {
    const T sigmoid = T(1) / (T(1) + exponential(-gate[i]));
    dup[i] = g[i] * gate[i] * sigmoid;
    dgate[i] = g[i] * up[i] * sigmoid * (T(1) + gate[i] * (T(1) - sigmoid));
  }
}

template <typename T>
LASTMILE_INLINE void rotate_head(const T *x, const T *cos, const T *sin, T *y, int64_t n) {
  const int64_t half = n / 2;
#pragma omp simd
  for (int64_t i = 0; i < half; i++) {
    const T a = x[i], b = x[i + half];
    y[i] = a * cos[i] + b * sin[i];
    y[i + half] = b * cos[i + half] + a * sin[i + half];
  }
}

template <typename T>
LASTMILE_INLINE void rotate_head_backward(const T *g, const T *cos, const T *sin, T *dx, int64_t n) {
  const int64_t half = n / 2;
#pragma omp simd
  for (int64_t i = 0; i < half; i++) {
    const T a = g[i], b = g[i + half];
    dx[i] = a * cos[i] + b * sin[i + half];
    dx[i + half] = b * cos[i + half] + a * sin[i];
  }
}

template <typename T>
LASTMILE_INLINE double softmax_row(T *x, const T *mask, double scale, int64_t n) {
  const T by = T(scale);
  T top = -INFINITY;
  if (mask) {
#pragma omp simd reduction(max : top)
    for (int64_t i = 0; i < n; i++) {
      x[i] = x[i] * by + mask[i];
      top = std::max(top, x[i]);
    }
  } else {
#pragma omp simd reduction(max : top)
    for (int64_t i = 0; i < n; i++) {
      x[i] *= by;
      top = std::max(top, x[i]);
    }
  }
  // Rounded at each of a large vocabulary's tokens, a sum of floats would be off by
  // some 1e-4, and by more the fewer a register holds.
  constexpr int64_t block = 4096;
  double total = 0;
  for (int64_t begin = 0; begin < n; begin += block) {
    const int64_t end = std::min(begin + block, n);
    T sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = begin; i < end; i++) {
      x[i] = exponential(x[i] - top);
      sum += x[i];
    }
    total += double(sum);
  }
  const T inverse = T(1) / T(total);
#pragma omp simd
  for (int64_t i = 0; i < n; i++) x[i] *= inverse;
  return double(top) + std::log(total);
}

template <typename T>
LASTMILE_INLINE void softmax_backward_row(const T *p, T *g, double scale, int64_t n) {
  T dot = 0;
#pragma omp simd reduction(+ : dot)
  for (int64_t i = 0; i < n; i++) dot += p[i] * g[i];
  const T by = T(scale);
#pragma omp simd
  for (int64_t i = 0; i < n; i++) g[i] = by * p[i] * (g[i] - dot);
}

template <typename T>
LASTMILE_INLINE void logits_gradient_row(T *p, int64_t target, double scale, int64_t n) {
  const T by = T(-scale);
#pragma omp simd
  for (int64_t i = 0; i < n; i++) p[i] *= by;
  p[target] += T(scale);
}

template <typename T>
LASTMILE_INLINE double squares_of(const T *x, int64_t begin, int64_t end) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = begin; i < end; i++) sum += double(x[i]) * double(x[i]);
  return sum;
}

template <typename T>
LASTMILE_INLINE void adamw_elements(T *p, T *g, T *first, T *second, int64_t begin, int64_t end, double scale, double rate, double beta1, double beta2, double epsilon, double decay, double correct1, double correct2) {
  const T by = T(scale), keep = T(1 - rate * decay), step = T(rate / correct1);
  const T move1 = T(1 - beta1), move2 = T(1 - beta2), root = T(1 / std::sqrt(correct2)), small = T(epsilon);
#pragma omp simd
  for (int64_t i = begin; i < end; i++) {
    const T d = g[i] * by;
    const T m = first[i] + (d - first[i]) * move1;
    const T v = second[i] + (d * d - second[i]) * move2;
    first[i] = m;
    second[i] = v;
    p[i] = p[i] * keep - step * m / (std::sqrt(v) * root + small);
    g[i] = 0;
  }
}

// random is the number of place i in the stream that key names, evenly spread
// over 64 bits (Steele et al. 2014, SplitMix).
LASTMILE_INLINE uint64_t random(uint64_t key, uint64_t i) {
  uint64_t z = key + (i + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

template <typename T>
LASTMILE_INLINE void dropout_elements(const T *x, T *y, double drop, uint64_t key, int64_t begin, int64_t end) {
  const uint64_t below = uint64_t(drop * 18446744073709551616.0);
  const T scale = T(1 / (1 - drop));
  for (int64_t i = begin; i < end; i++) y[i] = random(key, i) < below ? T(0) : x[i] * scale;
}

template <typename T>
LASTMILE_INLINE void attend_group(const T *q, const T *k, const T *v, T *out, T *weights, double scale, double most, int64_t share, int64_t columns, int64_t n) {
  for (int64_t head = 0; head < share; head++) {
    const T *of = q + head * n;
    for (int64_t j = 0; j < columns; j++) {
      const T *key = k + j * n;
      T dot = 0;
#pragma omp simd reduction(+ : dot)
      for (int64_t i = 0; i < n; i++) dot += of[i] * key[i];
      weights[j] = dot;
    }
    if (most > 0)
      for (int64_t j = 0; j < columns; j++) weights[j] = T(most) * std::tanh(weights[j] * T(scale / most));
    softmax_row<T>(weights, nullptr, most > 0 ? 1 : scale, columns);
    T *to = out + head * n;
    std::fill(to, to + n, T(0));
    int64_t j = 0;
    for (; j + 4 <= columns; j += 4) {
      const T *a = v + j * n, *b = a + n, *c = b + n, *d = c + n;
      const T wa = weights[j], wb = weights[j + 1], wc = weights[j + 2], wd = weights[j + 3];
#pragma omp simd
      for (int64_t i = 0; i < n; i++) to[i] += wa * a[i] + wb * b[i] + wc * c[i] + wd * d[i];
    }
    for (; j < columns; j++) {
      const T *a = v + j * n;
      const T wa = weights[j];
#pragma omp simd
      for (int64_t i = 0; i < n; i++) to[i] += wa * a[i];
    }
  }
}

// Lanes are as many floats as one register of AVX2 holds; a compiler without
// such registers takes several.
constexpr int64_t lanes = 8;
typedef float Lanes __attribute__((vector_size(lanes * sizeof(float))));

LASTMILE_INLINE Lanes load(const float *from) {
  Lanes v;
  std::memcpy(&v, from, sizeof v);
  return v;
}

// linear_tile computes R rows by C columns of y. Meanwhile it fetches a part,
// 1 / parts, of the next C columns' weights, so that memory and arithmetic do
// not wait for each other.
template <int R, int C>
LASTMILE_INLINE void linear_tile(const float *x, const float *w, float *y, int64_t k, int64_t n, int64_t part, int64_t parts) {
  constexpr int64_t line = 64 / sizeof(float);
  const float *next = w + C * k + C * k * part / parts;
  const int64_t step = C * lanes / parts; // floats to fetch in a round
  Lanes sums[R][C] = {};
  int64_t i = 0;
  for (; i + lanes <= k; i += lanes) {
    for (int64_t fetched = 0; fetched < step; fetched += line) __builtin_prefetch(next + fetched);
    next += step;
    Lanes of[C];
    for (int c = 0; c < C; c++) of[c] = load(w + c * k + i);
    for (int r = 0; r < R; r++) {
      const Lanes by = load(x + r * k + i);
      for (int c = 0; c < C; c++) sums[r][c] += by * of[c];
    }
  }
  for (int r = 0; r < R; r++)
    for (int c = 0; c < C; c++) {
      const Lanes s = sums[r][c];
      float sum = ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
      for (int64_t j = i; j < k; j++) sum += x[r * k + j] * w[c * k + j];
      y[r * n + c] = sum;
    }
}

template <int C>
LASTMILE_INLINE void linear_columns(const float *x, const float *w, float *y, int64_t m, int64_t k, int64_t n) {
  const int64_t parts = (m + 3) / 4;
  int64_t r = 0;
  for (; r + 4 <= m; r += 4) linear_tile<4, C>(x + r * k, w, y + r * n, k, n, r / 4, parts);
  switch (m - r) {
  case 3: linear_tile<3, C>(x + r * k, w, y + r * n, k, n, r / 4, parts); break;
  case 2: linear_tile<2, C>(x + r * k, w, y + r * n, k, n, r / 4, parts); break;
  case 1: linear_tile<1, C>(x + r * k, w, y + r * n, k, n, r / 4, parts); break;
  }
}

template <int C>
LASTMILE_INLINE void linear_range(const float *x, const float *w, float *y, int64_t m, int64_t k, int64_t n, int64_t begin, int64_t end) {
  int64_t c = begin;
  for (; c + C <= end; c += C) linear_columns<C>(x, w + c * k, y + c, m, k, n);
  for (; c < end; c++) linear_columns<1>(x, w + c * k, y + c, m, k, n);
}

} // namespace

namespace {

LASTMILE_INLINE void store(float *to, Lanes v) { std::memcpy(to, &v, sizeof v); }

// addmm_tn_row adds R of p's rows, times w's, to one row of y.
template <int R>
LASTMILE_INLINE void addmm_tn_row(const float *p, const float *w, float *y, int64_t m, int64_t n) {
  float by[R];
  for (int k = 0; k < R; k++) by[k] = p[k * m];
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    Lanes sum = load(y + i);
    for (int k = 0; k < R; k++) sum += by[k] * load(w + k * n + i);
    store(y + i, sum);
  }
  for (; i < n; i++)
    for (int k = 0; k < R; k++) y[i] += by[k] * w[k * n + i];
}

// mm_nn_columns computes R rows and C times as many columns as there are lanes.
template <int R, int C>
LASTMILE_INLINE void mm_nn_columns(const float *p, const float *z, float *out, int64_t m, int64_t n) {
  Lanes sums[R][C] = {};
  for (int64_t i = 0; i < m; i++) {
    Lanes of[C];
    for (int c = 0; c < C; c++) of[c] = load(z + i * n + c * lanes);
    for (int k = 0; k < R; k++)
      for (int c = 0; c < C; c++) sums[k][c] += p[k * m + i] * of[c];
  }
  for (int k = 0; k < R; k++)
    for (int c = 0; c < C; c++) store(out + k * n + c * lanes, sums[k][c]);
}

template <int R>
LASTMILE_INLINE void mm_nn_rows(const float *p, const float *z, float *out, int64_t m, int64_t n, int64_t begin, int64_t end) {
  int64_t i = begin;
  for (; i + 2 * lanes <= end; i += 2 * lanes) mm_nn_columns<R, 2>(p, z + i, out + i, m, n);
  for (; i + lanes <= end; i += lanes) mm_nn_columns<R, 1>(p, z + i, out + i, m, n);
  for (; i < end; i++)
    for (int k = 0; k < R; k++) {
      float sum = 0;
      for (int64_t j = 0; j < m; j++) sum += p[k * m + j] * z[j * n + i];
      out[k * n + i] = sum;
    }
}

} // namespace

LASTMILE_CLONES void addmm_tn(const float *p, const float *w, float *y, int64_t r, int64_t m, int64_t n, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; row++) {
    int64_t k = 0;
    for (; k + 8 <= r; k += 8) addmm_tn_row<8>(p + k * m + row, w + k * n, y + row * n, m, n);
    for (; k < r; k++) addmm_tn_row<1>(p + k * m + row, w + k * n, y + row * n, m, n);
  }
}

LASTMILE_CLONES void mm_nn(const float *p, const float *z, float *out, int64_t r, int64_t m, int64_t n, int64_t begin, int64_t end) {
  int64_t k = 0;
  for (; k + 8 <= r; k += 8) mm_nn_rows<8>(p + k * m, z, out + k * n, m, n, begin, end);
  for (; k < r; k++) mm_nn_rows<1>(p + k * m, z, out + k * n, m, n, begin, end);
}

LASTMILE_CLONES void linear(const float *x, const float *w, float *y, int64_t m, int64_t k, int64_t n, int64_t begin, int64_t end) {
  linear_range<4>(x, w, y, m, k, n, begin, end);
}

#define LASTMILE_DEFINE(T)                                                     \
  LASTMILE_CLONES void rms_norm(const T *x, const T *w, T *y, T *r, int64_t begin, int64_t end, int64_t n, double eps) { \
    rms_norm_rows(x, w, y, r, begin, end, n, eps);                             \
  }                                                                            \
  LASTMILE_CLONES void rms_norm_backward(const T *g, const T *x, const T *w, const T *r, T *dx, T *dw, int64_t begin, int64_t end, int64_t n) { \
    rms_norm_backward_rows(g, x, w, r, dx, dw, begin, end, n);                 \
  }                                                                            \
  LASTMILE_CLONES void swiglu(const T *gate, const T *up, T *y, int64_t begin, int64_t end) { \
    swiglu_elements(gate, up, y, begin, end);                                  \
  }                                                                            \
  LASTMILE_CLONES void swiglu_backward(const T *g, const T *gate, const T *up, T *dgate, T *dup, int64_t begin, int64_t end) { \
    swiglu_backward_elements(g, gate, up, dgate, dup, begin, end);             \
  }                                                                            \
  LASTMILE_CLONES void rotate(const T *x, const T *cos, const T *sin, T *y, int64_t n) { \
    rotate_head(x, cos, sin, y, n);                                            \
  }                                                                            \
  LASTMILE_CLONES void rotate_backward(const T *g, const T *cos, const T *sin, T *dx, int64_t n) { \
    rotate_head_backward(g, cos, sin, dx, n);                                  \
  }                                                                            \
  LASTMILE_CLONES double softmax(T *x, const T *mask, double scale, int64_t n) { \
    return softmax_row(x, mask, scale, n);                                     \
  }                                                                            \
  LASTMILE_CLONES void softmax_backward(const T *p, T *g, double scale, int64_t n) { \
    softmax_backward_row(p, g, scale, n);                                      \
  }                                                                            \
  LASTMILE_CLONES void logits_gradient(T *p, int64_t target, double scale, int64_t n) {   \
    logits_gradient_row(p, target, scale, n);                                             \
  }                                                                            \
  LASTMILE_CLONES void dropout(const T *x, T *y, double drop, uint64_t key, int64_t begin, int64_t end) { \
    dropout_elements(x, y, drop, key, begin, end);                             \
  }                                                                            \
  LASTMILE_CLONES void attend(const T *q, const T *k, const T *v, T *out, T *weights, double scale, double most, int64_t share, int64_t columns, int64_t n) { \
    attend_group(q, k, v, out, weights, scale, most, share, columns, n);       \
  }                                                                            \
  LASTMILE_CLONES double squares(const T *x, int64_t begin, int64_t end) {     \
    return squares_of(x, begin, end);                                          \
  }                                                                            \
  LASTMILE_CLONES void adamw(T *p, T *g, T *first, T *second, int64_t begin, int64_t end, double scale, double rate, double beta1, double beta2, double epsilon, double decay, double correct1, double correct2) { \
    adamw_elements(p, g, first, second, begin, end, scale, rate, beta1, beta2, epsilon, decay, correct1, correct2); \
  }

LASTMILE_DEFINE(float)
LASTMILE_DEFINE(double)

} // namespace lastmile
