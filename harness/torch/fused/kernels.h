// Loops over memory, without libtorch. Each works on the rows from begin to
// end, so that the caller can share rows out among threads, for float and, so
// that gradients can be checked against finite differences, for double.
#pragma once
#include <cstdint>

namespace lastmile {

#define LASTMILE_KERNELS(T)                                                    \
  /* y = x r w with r = 1 / sqrt(mean(x^2) + eps): x and y [rows, n], w [n],   \
     r [rows] */                                                               \
  void rms_norm(const T *x, const T *w, T *y, T *r, int64_t begin,             \
                int64_t end, int64_t n, double eps);                           \
  /* From the gradient g of y: dx [rows, n]; dw [n] is added to. */            \
  void rms_norm_backward(const T *g, const T *x, const T *w, const T *r,       \
                         T *dx, T *dw, int64_t begin, int64_t end, int64_t n); \
  /* y = silu(gate) up over the elements from begin to end */                  \
  void swiglu(const T *gate, const T *up, T *y, int64_t begin, int64_t end);   \
  void swiglu_backward(const T *g, const T *gate, const T *up, T *dgate,       \
                       T *dup, int64_t begin, int64_t end);                    \
  /* The rotation of one head: y = x cos + swap(x) sin, swap exchanging the    \
     halves, and its transpose. */                                             \
  void rotate(const T *x, const T *cos, const T *sin, T *y, int64_t n);        \
  void rotate_backward(const T *g, const T *cos, const T *sin, T *dx,          \
                       int64_t n);                                             \
  /* x [n] becomes softmax(scale x + mask); mask may be null. Returns the      \
     logarithm of the sum of exponentials. */                                  \
  double softmax(T *x, const T *mask, double scale, int64_t n);                \
  /* g [n] becomes the gradient of x from that of p = softmax(scale x). */     \
  void softmax_backward(const T *p, T *g, double scale, int64_t n);            \
  /* p [n], a distribution, becomes scale (one at target, 0 elsewhere, - p) */ \
  void logits_gradient(T *p, int64_t target, double scale, int64_t n);                    \
  /* The sum of squares. */                                                    \
  double squares(const T *x, int64_t begin, int64_t end);                      \
  /* One step of AdamW (Loshchilov and Hutter 2019) on the elements from begin \
     to end: the gradient g is multiplied by scale and left at 0, correct1 and \
     correct2 are 1 - beta^step. */                                            \
  void adamw(T *p, T *g, T *first, T *second, int64_t begin, int64_t end,      \
             double scale, double rate, double beta1, double beta2,            \
             double epsilon, double decay, double correct1, double correct2);  \
  /* y = x / (1 - drop), or 0 where element i's random number under key is below  \
     drop; its own gradient. */                                                \
  void dropout(const T *x, T *y, double drop, uint64_t key, int64_t begin,     \
               int64_t end);                                                   \
  /* The attention of the queries q [share, n] to keys and values [columns,    \
     n]: out [share, n]; weights [columns] is scratch. If most is not 0, most   \
     tanh(logits / most) bounds the logits. */                                 \
  void attend(const T *q, const T *k, const T *v, T *out, T *weights,          \
              double scale, double most, int64_t share, int64_t columns,       \
              int64_t n);

LASTMILE_KERNELS(float)
LASTMILE_KERNELS(double)

// y [m, n] += p^T w with p [r, m] and w [r, n], for rows of y from begin to end;
// and out [r, n] = p z with z [m, n], for columns of out from begin to end. They
// are for small r, where a general product would spend its time on laying y and z
// out anew.
void addmm_tn(const float *p, const float *w, float *y, int64_t r, int64_t m,
              int64_t n, int64_t begin, int64_t end);
void mm_nn(const float *p, const float *z, float *out, int64_t r, int64_t m,
           int64_t n, int64_t begin, int64_t end);

// y = x w^T, for columns of y from begin to end: x [m, k], w [n, k], y [m, n].
// It is for few rows, where a general product would spend its time on laying
// the weight out anew. Each element is summed up in the same order whatever m
// is.
void linear(const float *x, const float *w, float *y, int64_t m, int64_t k,
            int64_t n, int64_t begin, int64_t end);

} // namespace lastmile
