// The operations of fused.cpp on a CUDA device: kernels.cu, on contiguous
// tensors of float.
#pragma once
#include <ATen/ATen.h>
#include <vector>

namespace lastmile::device {

using at::Tensor;

// open compiles the kernels for a device.
void open(const char *source, int index);

void rms_norm(const Tensor &x, const Tensor &w, Tensor &y, Tensor &r, double eps);
// Returns the weight's gradient.
Tensor rms_norm_backward(const Tensor &g, const Tensor &x, const Tensor &w, const Tensor &r, Tensor &dx);
void swiglu(const Tensor &gate, const Tensor &up, Tensor &y);
void swiglu_backward(const Tensor &g, const Tensor &gate, const Tensor &up, Tensor &dgate, Tensor &dup);
void rotate(const Tensor &x, const Tensor &cos, const Tensor &sin, Tensor &y);
void rotate_backward(const Tensor &g, const Tensor &cos, const Tensor &sin, Tensor &dx);
// p [rows * groups, share * length, columns] becomes softmax(scale p + mask).
void softmax(Tensor &p, const Tensor &mask, int64_t masks, int64_t groups, int64_t length, double scale);
void softmax_backward(const Tensor &p, Tensor &g, double scale);
void dropout(const Tensor &x, Tensor &y, double drop, uint64_t key);
// The sum of all tensors' squares, for which the device is waited for once.
double squares(const std::vector<Tensor> &all);
// A step on several parameters: {parameter, gradient, first, second} of each, one
// after the other, and its decay.
void adamw(const std::vector<Tensor> &of, const double *decays, double scale, double rate, double beta1, double beta2, double epsilon,
           double correct1, double correct2);
// Draws from rows of x [.., n], each by its share of the row's total: double
// [draws, 2], an index and its weight.
Tensor invert(const Tensor &x, const Tensor &rows, const Tensor &shares);
void store(const Tensor &cache, const Tensor &x, const Tensor &slots, const Tensor &counts);
Tensor attend(const Tensor &q, const Tensor &k, const Tensor &v, const Tensor &keys, const Tensor &values, const Tensor &slots, const Tensor &lengths);

} // namespace lastmile::device
