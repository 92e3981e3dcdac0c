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
  T sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; i++) {
    x[i] = exponential(x[i] - top);
    sum += x[i];
  }
  const T inverse = T(1) / sum;
#pragma omp simd
  for (int64_t i = 0; i < n; i++) x[i] *= inverse;
  return double(top) + std::log(double(sum));
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
LASTMILE_INLINE void pull_row(T *p, int64_t target, double scale, int64_t n) {
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

} // namespace

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
  LASTMILE_CLONES void pull(T *p, int64_t target, double scale, int64_t n) {   \
    pull_row(p, target, scale, n);                                             \
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
