// Operations that libtorch takes several passes over memory for, in one, with
// their gradients. They are for tensors of float or double on a CPU, or of float
// on a CUDA device that lastmile_open knows.
//
// They read and write through raw pointers, so they check what libtorch would
// have checked: shapes, types and devices (alike). And they keep to autograd's
// rules:
//
// - A result is new memory. No one can have saved it, so its version need not be
//   counted. The operations that change a caller's tensors, store, attend and
//   adamw, count the versions of these (written).
// - What a gradient needs is saved by save_for_backward, which notices when it is
//   changed in the meantime.
// - A backward leaves what was saved as it is, so that it can run again. That of
//   TokenLogprobs overwrites a buffer, which it first takes out of the graph; a
//   second one computes the buffer anew.
// - A backward cannot be differentiated, and says so (no_double).
#if !__has_include(<torch/version.h>)
#error "libtorch's headers are not where flags.go says, or flags.go is missing: run make setup"
#endif
#include "fused.h"
#include "device.h"
#include "kernels.h"

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/version.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

namespace {

thread_local char *failure = nullptr;

// protect calls f and keeps the message of what it throws.
template <typename R, typename F> R protect(R failed, F f) {
  try {
    return f();
  } catch (const std::exception &e) {
    free(failure);
    failure = strdup(e.what());
    return failed;
  }
}

const Tensor &of(void *t) { return *static_cast<Tensor *>(t); }

// alike throws unless t has the type of x and is on the device of x. In messages t
// is called name; so it is in the other checks.
void alike(const Tensor &x, const Tensor &t, const char *name) {
  TORCH_CHECK(t.scalar_type() == x.scalar_type() && t.device() == x.device(), name, " of ", t.scalar_type(), " on ", t.device(), ", want ",
              x.scalar_type(), " on ", x.device());
}

// changeable throws if gradients are on and t wants one, as libtorch's in-place
// operations do for a leaf.
void changeable(const Tensor &t, const char *name) {
  TORCH_CHECK(!t.requires_grad() || !at::GradMode::is_enabled(), name, " wants a gradient, so it cannot be changed while gradients are on");
}

// constant throws if t wants a gradient that the operation cannot give it.
void constant(const Tensor &t, const char *name) {
  TORCH_CHECK(!t.requires_grad() || !at::GradMode::is_enabled(), name, " wants a gradient, which this operation does not have");
}

// written counts a new version of t, which raw pointers have changed: a backward
// that has saved the old one then fails instead of using the new one.
void written(const Tensor &t) { t.unsafeGetTensorImpl()->bump_version(); }

// no_double throws if a backward is to be differentiated in turn.
void no_double(const char *name) {
  TORCH_CHECK(!at::GradMode::is_enabled(), "the gradient of ", name, " has no gradient of its own");
}

#define LASTMILE_TYPES(x, ...)                                                 \
  if ((x).scalar_type() == at::kFloat) {                                       \
    using T = float;                                                           \
    __VA_ARGS__                                                                \
  } else {                                                                     \
    TORCH_CHECK((x).scalar_type() == at::kDouble, "elements of type ", (x).scalar_type(), ", want float or double"); \
    using T = double;                                                          \
    __VA_ARGS__                                                                \
  }

// work is the number of elements that a thread should at least have.
constexpr int64_t work = 16384;

// each shares rows of n elements out among threads.
template <typename F> void each(int64_t rows, int64_t n, F f) {
  at::parallel_for(0, rows, std::max<int64_t>(1, work / std::max<int64_t>(1, n)), f);
}

struct RMSNorm : Function<RMSNorm> {
  static Tensor forward(AutogradContext *context, Tensor x, const Tensor &weight, double eps) {
    TORCH_CHECK(x.dim() > 0 && x.size(-1) > 0 && weight.dim() == 1 && weight.size(0) == x.size(-1), "weight of shape ", weight.sizes(), " for ", x.sizes());
    alike(x, weight, "weight");
    TORCH_CHECK(weight.is_contiguous(), "a weight that is not contiguous");
    x = x.contiguous();
    const int64_t n = x.size(-1), rows = x.numel() / n;
    Tensor y = at::empty_like(x), r = at::empty({rows}, x.options());
    if (x.is_cuda())
      lastmile::device::rms_norm(x, weight, y, r, eps);
    else
      LASTMILE_TYPES(x, each(rows, n, [&](int64_t begin, int64_t end) {
        lastmile::rms_norm(x.data_ptr<T>(), weight.data_ptr<T>(), y.data_ptr<T>(), r.data_ptr<T>(), begin, end, n, eps);
      });)
    context->save_for_backward({x, weight, r});
    return y;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1], &r = saved[2], g = gradients[0].contiguous();
    no_double("rms_norm");
    const int64_t n = x.size(-1), rows = x.numel() / n;
    Tensor dx = at::empty_like(x);
    if (x.is_cuda()) return {dx, lastmile::device::rms_norm_backward(g, x, weight, r, dx), Tensor()};
    // The weight's gradient is summed up in a fixed number of parts, so that it
    // does not depend on which thread is first.
    const int64_t parts = std::min<int64_t>(at::get_num_threads(), std::max<int64_t>(1, rows * n / work));
    Tensor dw = at::zeros({parts, n}, x.options());
    LASTMILE_TYPES(x, at::parallel_for(0, parts, 1, [&](int64_t first, int64_t last) {
      for (int64_t part = first; part < last; part++)
        lastmile::rms_norm_backward(g.data_ptr<T>(), x.data_ptr<T>(), weight.data_ptr<T>(), r.data_ptr<T>(), dx.data_ptr<T>(),
                                    dw.data_ptr<T>() + part * n, rows * part / parts, rows * (part + 1) / parts, n);
    });)
    return {dx, dw.sum(0), Tensor()};
  }
};

struct SwiGLU : Function<SwiGLU> {
  static Tensor forward(AutogradContext *context, Tensor gate, Tensor up) {
    TORCH_CHECK(gate.sizes() == up.sizes(), "gate of shape ", gate.sizes(), ", up of shape ", up.sizes());
    alike(gate, up, "up");
    gate = gate.contiguous();
    up = up.contiguous();
    Tensor y = at::empty_like(gate);
    if (gate.is_cuda())
      lastmile::device::swiglu(gate, up, y);
    else
      LASTMILE_TYPES(gate, at::parallel_for(0, gate.numel(), work, [&](int64_t begin, int64_t end) {
        lastmile::swiglu(gate.data_ptr<T>(), up.data_ptr<T>(), y.data_ptr<T>(), begin, end);
      });)
    context->save_for_backward({gate, up});
    return y;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &gate = saved[0], &up = saved[1], g = gradients[0].contiguous();
    no_double("swiglu");
    Tensor dgate = at::empty_like(gate), dup = at::empty_like(up);
    if (gate.is_cuda())
      lastmile::device::swiglu_backward(g, gate, up, dgate, dup);
    else
      LASTMILE_TYPES(gate, at::parallel_for(0, gate.numel(), work, [&](int64_t begin, int64_t end) {
        lastmile::swiglu_backward(g.data_ptr<T>(), gate.data_ptr<T>(), up.data_ptr<T>(), dgate.data_ptr<T>(), dup.data_ptr<T>(), begin, end);
      });)
    return {dgate, dup};
  }
};

// few_rows is x weight^T for few rows of float on a CPU, without gradients.
Tensor few_rows(const Tensor &rows, const Tensor &weight) {
  TORCH_CHECK(rows.dim() > 0 && weight.dim() == 2 && weight.size(1) == rows.size(-1), "weight of shape ", weight.sizes(), " for ", rows.sizes());
  TORCH_CHECK(rows.is_cpu() && rows.scalar_type() == at::kFloat, "rows of ", rows.scalar_type(), " on ", rows.device(), ", want float on a CPU");
  alike(rows, weight, "weight");
  TORCH_CHECK(weight.is_contiguous(), "a weight that is not contiguous");
  const Tensor x = rows.contiguous();
  const int64_t n = weight.size(0);
  auto shape = x.sizes().vec();
  shape.back() = n;
  if (x.numel() == 0) return at::zeros(shape, x.options());
  const int64_t k = x.size(-1), m = x.numel() / k;
  Tensor y = at::empty(shape, x.options());
  at::parallel_for(0, n, std::max<int64_t>(4, work / (k * m) / 4 * 4), [&](int64_t begin, int64_t end) {
    lastmile::linear(x.data_ptr<float>(), weight.data_ptr<float>(), y.data_ptr<float>(), m, k, n, begin, end);
  });
  return y;
}

// mm_nt is a b^T for an a of few rows, whatever the type.
Tensor mm_nt(const Tensor &a, const Tensor &b) {
  return a.scalar_type() == at::kFloat ? few_rows(a, b) : at::mm(a, b.t());
}

// addmm_tn adds scale p^T w to y, for p and w of few rows.
void addmm_tn(Tensor &y, const Tensor &p, const Tensor &w, double scale) {
  if (y.scalar_type() != at::kFloat) {
    y.addmm_(p.t(), w, 1, scale);
    return;
  }
  const Tensor by = scale == 1 ? w.contiguous() : w.mul(scale).contiguous();
  const int64_t r = p.size(0), m = y.size(0), n = y.size(1);
  each(m, n, [&](int64_t begin, int64_t end) {
    lastmile::addmm_tn(p.data_ptr<float>(), by.data_ptr<float>(), y.data_ptr<float>(), r, m, n, begin, end);
  });
}

// mm_nn is p z for a p of few rows.
Tensor mm_nn(const Tensor &p, const Tensor &z) {
  if (p.scalar_type() != at::kFloat) return at::mm(p, z);
  const int64_t r = p.size(0), m = z.size(0), n = z.size(1);
  Tensor out = at::empty({r, n}, z.options());
  // Threads begin at whole lines of the cache.
  const int64_t lines = (n + 15) / 16;
  at::parallel_for(0, lines, 1, [&](int64_t begin, int64_t end) {
    lastmile::mm_nn(p.data_ptr<float>(), z.data_ptr<float>(), out.data_ptr<float>(), r, m, n, begin * 16, std::min(n, end * 16));
  });
  return out;
}

// LoRALinear is x weight^T + bias + scale x a^T b^T. Weight and bias are those of
// a frozen model and get no gradient, even if they want one. x a^T is kept for
// the gradient: as [r, rows], on a device as [rows, r].
struct LoRALinear : Function<LoRALinear> {
  static Tensor forward(AutogradContext *context, const Tensor &of, const Tensor &weight, const c10::optional<Tensor> &bias, const Tensor &a, const Tensor &b, double scale) {
    TORCH_CHECK(of.dim() > 0 && weight.dim() == 2 && weight.size(1) == of.size(-1), "weight of shape ", weight.sizes(), " for ", of.sizes());
    TORCH_CHECK(a.dim() == 2 && b.dim() == 2 && a.size(1) == weight.size(1) && b.size(0) == weight.size(0) && a.size(0) == b.size(1),
                "adapters of shapes ", a.sizes(), " and ", b.sizes(), " for a weight of ", weight.sizes());
    alike(of, weight, "weight");
    alike(of, a, "adapter");
    alike(of, b, "adapter");
    if (bias.has_value()) {
      TORCH_CHECK(bias->dim() == 1 && bias->size(0) == weight.size(0), "bias of shape ", bias->sizes(), " for a weight of ", weight.sizes());
      alike(of, *bias, "bias");
    }
    const Tensor x = of.reshape({-1, of.size(-1)}).contiguous();
    Tensor y = bias.has_value() ? at::addmm(*bias, x, weight.t()) : at::mm(x, weight.t());
    Tensor low;
    if (x.is_cuda()) {
      low = at::mm(x, a.t());
      y.addmm_(low, b.t(), 1, scale);
    } else {
      low = mm_nt(a, x);
      addmm_tn(y, low, b.t(), scale);
    }
    // The input itself where x is only a view of it: autograd refuses a view that
    // was made where gradients are off and has been changed since.
    context->save_for_backward({of.is_contiguous() ? of : x, weight, a, b, low});
    context->saved_data["scale"] = scale;
    context->saved_data["through"] = of.requires_grad();
    auto shape = of.sizes().vec();
    shape.back() = weight.size(0);
    return y.view(shape);
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &weight = saved[1], &a = saved[2], &b = saved[3], &low = saved[4], x = saved[0].reshape({-1, weight.size(1)});
    no_double("lora_linear");
    const double scale = context->saved_data["scale"].toDouble();
    auto shape = gradients[0].sizes().vec();
    const Tensor g = gradients[0].reshape({-1, weight.size(0)}).contiguous();
    const bool on_device = x.is_cuda();
    const Tensor dlow = on_device ? at::addmm(low, g, b, 0, scale) : mm_nt(b.t().mul(scale).contiguous(), g);
    Tensor dx;
    if (context->saved_data["through"].toBool()) {
      dx = at::mm(g, weight);
      if (on_device)
        dx.addmm_(dlow, a);
      else
        addmm_tn(dx, dlow, a, 1);
      shape.back() = x.size(1);
      dx = dx.view(shape);
    }
    if (on_device) return {dx, Tensor(), Tensor(), at::mm(dlow.t(), x), at::addmm(b, g.t(), low, 0, scale), Tensor()};
    return {dx, Tensor(), Tensor(), mm_nn(dlow, x), mm_nn(low, g).mul_(scale).t().contiguous(), Tensor()};
  }
};

// Dropout leaves out elements by random numbers that key and place name, so that
// the gradient needs no memory of them.
struct Dropout : Function<Dropout> {
  static Tensor apply_to(const Tensor &of, double drop, uint64_t key) {
    TORCH_CHECK(drop >= 0 && drop < 1, "a probability of ", drop, ", want one from 0 to below 1");
    const Tensor x = of.contiguous();
    Tensor y = at::empty_like(x);
    if (x.is_cuda())
      lastmile::device::dropout(x, y, drop, key);
    else
      LASTMILE_TYPES(x, at::parallel_for(0, x.numel(), work, [&](int64_t begin, int64_t end) {
        lastmile::dropout(x.data_ptr<T>(), y.data_ptr<T>(), drop, key, begin, end);
      });)
    return y;
  }

  static Tensor forward(AutogradContext *context, const Tensor &x, double drop, int64_t key) {
    context->saved_data["drop"] = drop;
    context->saved_data["key"] = key;
    return apply_to(x, drop, static_cast<uint64_t>(key));
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    no_double("dropout");
    const uint64_t key = static_cast<uint64_t>(context->saved_data["key"].toInt());
    return {apply_to(gradients[0], context->saved_data["drop"].toDouble(), key), Tensor(), Tensor()};
  }
};

// Rotary turns x [rows, length, heads, n] by angles of shape [rows or 1,
// length, 1, n] and lays it out as [rows, heads, length, n].
struct Rotary : Function<Rotary> {
  // heads calls f with the offsets of each head in the two layouts and of its
  // angle.
  template <typename F> static void heads(at::IntArrayRef x, const Tensor &cos, F f) {
    const int64_t length = x[1], heads = x[2], n = x[3], shared = cos.size(0) == 1;
    each(x[0] * length, heads * n, [&](int64_t begin, int64_t end) {
      for (int64_t token = begin; token < end; token++) {
        const int64_t row = token / length, at = token % length;
        for (int64_t head = 0; head < heads; head++)
          f((token * heads + head) * n, ((row * heads + head) * length + at) * n, (shared ? at : token) * n);
      }
    });
  }

  static Tensor forward(AutogradContext *context, Tensor x, Tensor cos, Tensor sin) {
    TORCH_CHECK(x.dim() == 4 && x.size(3) % 2 == 0, "heads of shape ", x.sizes(), ", want [rows, length, heads, an even number]");
    const int64_t rows = x.size(0), length = x.size(1), n = x.size(3);
    TORCH_CHECK(cos.sizes() == sin.sizes() && cos.dim() == 4 && (cos.size(0) == 1 || cos.size(0) == rows) && cos.size(1) == length && cos.size(2) == 1 && cos.size(3) == n,
                "angles of shapes ", cos.sizes(), " and ", sin.sizes(), " for ", x.sizes());
    alike(x, cos, "angles");
    alike(x, sin, "angles");
    x = x.contiguous();
    cos = cos.contiguous();
    sin = sin.contiguous();
    Tensor y = at::empty({rows, x.size(2), length, n}, x.options());
    if (x.is_cuda())
      lastmile::device::rotate(x, cos, sin, y);
    else
      LASTMILE_TYPES(x, heads(x.sizes(), cos, [&](int64_t from, int64_t to, int64_t angle) {
        lastmile::rotate(x.data_ptr<T>() + from, cos.data_ptr<T>() + angle, sin.data_ptr<T>() + angle, y.data_ptr<T>() + to, n);
      });)
    context->save_for_backward({cos, sin});
    return y;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &cos = saved[0], &sin = saved[1], g = gradients[0].contiguous();
    no_double("rotary");
    const int64_t n = g.size(3);
    Tensor dx = at::empty({g.size(0), g.size(2), g.size(1), n}, g.options());
    if (g.is_cuda())
      lastmile::device::rotate_backward(g, cos, sin, dx);
    else
      LASTMILE_TYPES(g, heads(dx.sizes(), cos, [&](int64_t to, int64_t from, int64_t angle) {
        lastmile::rotate_backward(g.data_ptr<T>() + from, cos.data_ptr<T>() + angle, sin.data_ptr<T>() + angle, dx.data_ptr<T>() + to, n);
      });)
    return {dx, Tensor(), Tensor()};
  }
};

// Grouped are queries [rows, heads, length, n] and the keys and values [rows,
// groups, columns, n] that they attend to, a group of heads sharing its keys.
// They are computed in blocks of queries: a block's probabilities stay in the
// processor's cache, and columns behind the last that it sees are left out,
// which is half of a causal mask. If most is not 0, most tanh(logits / most) bounds
// the scaled logits before the mask is added.
struct Grouped {
  static constexpr int64_t block = 64;

  Tensor q, k, v, mask;
  double scale, most;
  int64_t rows, heads, length, n, groups, columns, share;
  int64_t masks = 0;         // rows of the batch that have a mask of their own
  std::vector<int64_t> seen; // for each of the mask's rows, its columns up to the last that is seen

  static const Tensor &checked(const Tensor &q, const Tensor &k, const Tensor &v) {
    TORCH_CHECK(q.dim() == 4 && k.dim() == 4 && k.size(0) == q.size(0) && k.size(3) == q.size(3), "keys of shape ", k.sizes(), " for queries of ", q.sizes());
    TORCH_CHECK(v.sizes() == k.sizes(), "values of shape ", v.sizes(), " for keys of ", k.sizes());
    TORCH_CHECK(k.size(1) > 0 && q.size(1) % k.size(1) == 0, q.size(1), " heads cannot share ", k.size(1), " groups of keys");
    alike(q, k, "keys");
    alike(q, v, "values");
    return q;
  }

  Grouped(const Tensor &queries, const Tensor &keys, const Tensor &values, const Tensor &added, double scale, double most)
      : q(checked(queries, keys, values).contiguous()), k(keys.contiguous()), v(values.contiguous()), scale(scale), most(most), rows(q.size(0)), heads(q.size(1)),
        length(q.size(2)), n(q.size(3)), groups(k.size(1)), columns(k.size(2)), share(heads / groups) {
    if (!added.defined()) return;
    masks = added.dim() == 2 ? 1 : added.size(0);
    TORCH_CHECK(added.dim() >= 2 && added.size(-2) == length && added.size(-1) == columns && added.numel() == masks * length * columns && (masks == 1 || masks == rows),
                "mask of shape ", added.sizes(), " for ", rows, " rows of ", length, " queries and ", columns, " keys");
    alike(q, added, "mask");
    mask = added.contiguous();
    if (mask.is_cuda()) return;
    seen.resize(masks * length);
    LASTMILE_TYPES(mask, each(masks * length, columns, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        const T *of = mask.data_ptr<T>() + i * columns;
        int64_t last = columns;
        while (last > 0 && of[last - 1] < T(-1e8)) last--;
        seen[i] = last > 0 ? last : columns;
      }
    });)
  }

  int64_t blocks() const { return (length + block - 1) / block; }

  int64_t masked(int64_t row, int64_t query) const { return (masks == 1 ? 0 : row) * length + query; }

  // width is the number of columns that some of count queries see.
  int64_t width(int64_t row, int64_t begin, int64_t count) const {
    if (masks == 0) return columns;
    const auto first = seen.begin() + masked(row, begin);
    return *std::max_element(first, first + count);
  }

  // stack puts the group's heads of a block behind each other: [share * count,
  // n]. A head's queries begin at offset(head), and are stride apart.
  template <typename T, typename F> Tensor stack(const Tensor &x, int64_t begin, int64_t count, int64_t stride, F offset) const {
    Tensor out = at::empty({share * count, n}, x.options());
    for (int64_t head = 0; head < share; head++)
      for (int64_t i = 0; i < count; i++)
        std::copy_n(x.data_ptr<T>() + offset(head) + (begin + i) * stride, n, out.data_ptr<T>() + (head * count + i) * n);
    return out;
  }

  // unstack is the reverse.
  template <typename T, typename F> void unstack(const Tensor &x, const Tensor &out, int64_t begin, int64_t count, int64_t stride, F offset) const {
    for (int64_t head = 0; head < share; head++)
      for (int64_t i = 0; i < count; i++)
        std::copy_n(x.data_ptr<T>() + (head * count + i) * n, n, out.data_ptr<T>() + offset(head) + (begin + i) * stride);
  }

  // apart are the offsets of a group's heads in [rows, heads, length, n], and
  // together those in [rows, length, heads * n].
  auto apart(int64_t of) const {
    return [this, of](int64_t head) { return (of * share + head) * length * n; };
  }
  auto together(int64_t of) const {
    return [this, of](int64_t head) { return (of / groups * length * heads + of % groups * share + head) * n; };
  }

  // bound makes logits of products, where they are bounded, and returns what is left
  // to scale them by. The slope, if it is not null, becomes the bounded logits'
  // gradient by the scaled products.
  double bound(Tensor &p, Tensor *slope) const {
    if (most == 0) return scale;
    p.mul_(scale / most).tanh_();
    if (slope) *slope = at::rsub(p.square(), 1);
    p.mul_(most);
    return 1;
  }

  // probabilities are those of a block's stacked queries: [share * count, width].
  template <typename T> Tensor probabilities(int64_t of, int64_t begin, int64_t count, const Tensor &stacked, const Tensor &keys, Tensor *slope = nullptr) const {
    Tensor p = at::mm(stacked, keys.t());
    const double by = bound(p, slope);
    const int64_t width = keys.size(0);
    for (int64_t i = 0; i < share * count; i++) {
      const T *add = masks == 0 ? nullptr : mask.data_ptr<T>() + masked(of / groups, begin + i % count) * columns;
      lastmile::softmax(p.data_ptr<T>() + i * width, add, by, width);
    }
    return p;
  }

  // batch is x, [rows, heads or groups, .., n], as a device takes all of it at
  // once: [rows * groups, share * length or columns, n].
  Tensor batch(const Tensor &x) const { return x.view({rows * groups, -1, n}); }

  // probabilities on a device: [rows * groups, share * length, columns].
  Tensor probabilities(Tensor *slope = nullptr) const {
    Tensor p = at::bmm(batch(q), batch(k).transpose(1, 2));
    const double by = bound(p, slope);
    lastmile::device::softmax(p, mask, masks, groups, length, by);
    return p;
  }

  // one are the first keys or values of a group of a row.
  Tensor one(const Tensor &x, int64_t of, int64_t width) const { return x.view({rows * groups, columns, n}).select(0, of).narrow(0, 0, width); }
};

// Attention is that of queries to keys and values, as Grouped has them: [rows,
// length, heads * n]. The mask, [length, columns] or [rows, ..., length,
// columns], is added to the logits. The gradient computes the probabilities
// again, which costs less than to keep them.
struct Attention : Function<Attention> {
  static Tensor on_device(AutogradContext *context, const Grouped &a) {
    context->save_for_backward({a.q, a.k, a.v, a.mask});
    context->saved_data["scale"] = a.scale;
    context->saved_data["most"] = a.most;
    return at::bmm(a.probabilities(), a.batch(a.v)).view({a.rows, a.heads, a.length, a.n}).permute({0, 2, 1, 3}).reshape({a.rows, a.length, a.heads * a.n});
  }

  static variable_list on_device(const Grouped &a, const Tensor &gradient) {
    const Tensor g = a.batch(gradient.reshape({a.rows, a.length, a.heads, a.n}).permute({0, 2, 1, 3}).contiguous());
    Tensor slope;
    const Tensor p = a.probabilities(&slope), dv = at::bmm(p.transpose(1, 2), g);
    Tensor d = at::bmm(g, a.batch(a.v).transpose(1, 2));
    lastmile::device::softmax_backward(p, d, a.scale);
    if (slope.defined()) d.mul_(slope);
    const Tensor dq = at::bmm(d, a.batch(a.k)), dk = at::bmm(d.transpose(1, 2), a.batch(a.q));
    return {dq.view_as(a.q), dk.view_as(a.k), dv.view_as(a.v), Tensor(), Tensor(), Tensor()};
  }

  static Tensor forward(AutogradContext *context, const Tensor &q, const Tensor &k, const Tensor &v, const c10::optional<Tensor> &added, double scale, double most) {
    const Grouped a(q, k, v, added.value_or(Tensor()), scale, most);
    if (q.is_cuda()) return on_device(context, a);
    Tensor out = at::empty({a.rows, a.length, a.heads * a.n}, q.options());
    at::parallel_for(0, a.rows * a.groups * a.blocks(), 1, [&](int64_t first, int64_t last) {
      at::AutoDispatchBelowAutograd guard;
      LASTMILE_TYPES(out, for (int64_t i = first; i < last; i++) {
        const int64_t of = i / a.blocks(), begin = i % a.blocks() * a.block, count = std::min(a.block, a.length - begin);
        const int64_t width = a.width(of / a.groups, begin, count);
        const Tensor queries = a.stack<T>(a.q, begin, count, a.n, a.apart(of));
        const Tensor p = a.probabilities<T>(of, begin, count, queries, a.one(a.k, of, width));
        a.unstack<T>(at::mm(p, a.one(a.v, of, width)), out, begin, count, a.heads * a.n, a.together(of));
      })
    });
    context->save_for_backward({a.q, a.k, a.v, a.mask});
    context->saved_data["scale"] = scale;
    context->saved_data["most"] = most;
    return out;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    no_double("attention");
    const Grouped a(saved[0], saved[1], saved[2], saved[3], context->saved_data["scale"].toDouble(), context->saved_data["most"].toDouble());
    if (a.q.is_cuda()) return on_device(a, gradients[0]);
    const Tensor g = gradients[0].contiguous();
    Tensor dq = at::empty_like(a.q), dk = at::zeros_like(a.k), dv = at::zeros_like(a.v);
    at::parallel_for(0, a.rows * a.groups, 1, [&](int64_t first, int64_t last) {
      at::AutoDispatchBelowAutograd guard;
      LASTMILE_TYPES(g, for (int64_t of = first; of < last; of++) for (int64_t begin = 0; begin < a.length; begin += a.block) {
        const int64_t count = std::min(a.block, a.length - begin), width = a.width(of / a.groups, begin, count);
        const Tensor queries = a.stack<T>(a.q, begin, count, a.n, a.apart(of)), keys = a.one(a.k, of, width);
        const Tensor up = a.stack<T>(g, begin, count, a.heads * a.n, a.together(of));
        Tensor slope;
        const Tensor p = a.probabilities<T>(of, begin, count, queries, keys, &slope);
        a.one(dv, of, width).addmm_(p.t(), up);
        Tensor d = at::mm(up, a.one(a.v, of, width).t());
        for (int64_t i = 0; i < a.share * count; i++)
          lastmile::softmax_backward(p.data_ptr<T>() + i * width, d.data_ptr<T>() + i * width, a.scale, width);
        if (slope.defined()) d.mul_(slope);
        a.unstack<T>(at::mm(d, keys), dq, begin, count, a.n, a.apart(of));
        a.one(dk, of, width).addmm_(d.t(), queries);
      })
    });
    return {dq, dk, dv, Tensor(), Tensor(), Tensor()};
  }
};

// TokenLogprobs are the log-probabilities of targets [m] under the logits of
// hidden [m, n] and weight [vocabulary, n], divided by the temperature: [m].
// Logits are computed in parts. Where one part is all, its buffer holds the
// probabilities for the gradient too, and then the logits' gradient; otherwise
// the gradient computes each part's again, as it does where most tanh(logits / most)
// bounds the logits, if most is not 0. Where plain is set, as on a device,
// libtorch's own operations turn logits into probabilities.
struct TokenLogprobs : Function<TokenLogprobs> {
  // part is how many rows' logits are computed at once: 64 MB of floats, or 256 MB
  // on a device, which is faster with large products and has the memory.
  static int64_t part(const Tensor &weight) { return std::max<int64_t>(64, (int64_t(1) << (weight.is_cpu() ? 24 : 26)) / weight.size(0)); }

  static void check(const Tensor &hidden, const Tensor &weight, const Tensor &targets) {
    TORCH_CHECK(hidden.dim() == 2 && weight.dim() == 2 && weight.size(1) == hidden.size(1) && weight.size(0) > 0,
                "vocabulary of shape ", weight.sizes(), " for hidden states of ", hidden.sizes());
    TORCH_CHECK(targets.scalar_type() == at::kLong && targets.device() == hidden.device(), "targets of ", targets.scalar_type(), " on ", targets.device(),
                ", want ", at::kLong, " on ", hidden.device());
    TORCH_CHECK(targets.dim() == 1 && targets.numel() == hidden.size(0) && targets.is_contiguous(), "targets of shape ", targets.sizes(), " for hidden states of ",
                hidden.sizes());
    alike(hidden, weight, "vocabulary");
    // On a device this would wait for it, and its gather checks them anyway.
    if (targets.is_cpu() && targets.numel() > 0)
      TORCH_CHECK(targets.min().item<int64_t>() >= 0 && targets.max().item<int64_t>() < weight.size(0), "a target is outside of the vocabulary of ", weight.size(0));
  }

  // column are the targets of the logits of rows from some row on: [rows, 1].
  static Tensor column(const Tensor &of, const Tensor &logits, int64_t from) { return of.narrow(0, from, logits.size(0)).unsqueeze(1); }

  // normalise turns the logits of rows from some row on into probabilities, or
  // where plain is set into their logarithms, and fills in their targets'.
  static void normalise(Tensor &logits, const Tensor &targets, Tensor &logprobs, int64_t from, double scale, bool plain) {
    if (plain) {
      logits = at::log_softmax(logits.mul_(scale), 1);
      logprobs.narrow(0, from, logits.size(0)).copy_(logits.gather(1, column(targets, logits, from)).squeeze(1));
      return;
    }
    const int64_t rows = logits.size(0), vocabulary = logits.size(1);
    const int64_t *target = targets.data_ptr<int64_t>() + from;
    LASTMILE_TYPES(logits, each(rows, vocabulary, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        T *x = logits.data_ptr<T>() + i * vocabulary;
        const double chosen = scale * double(x[target[i]]);
        logprobs.data_ptr<T>()[from + i] = T(chosen - lastmile::softmax(x, nullptr, scale, vocabulary));
      }
    });)
  }

  // differentiate turns what normalise made of logits into their gradient, from g
  // [m], that of the log-probabilities.
  static void differentiate(Tensor &d, const Tensor &targets, const Tensor &g, int64_t from, double scale, bool plain) {
    if (plain) {
      const Tensor place = column(targets, d, from), up = column(g, d, from).mul(scale);
      d.exp_().mul_(up.neg());
      d.scatter_(1, place, d.gather(1, place).add_(up)); // one place a row, so in no order
      return;
    }
    const int64_t rows = d.size(0), vocabulary = d.size(1);
    LASTMILE_TYPES(d, each(rows, vocabulary, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++)
        lastmile::logits_gradient(d.data_ptr<T>() + i * vocabulary, targets.data_ptr<int64_t>()[from + i], scale * double(g.data_ptr<T>()[from + i]), vocabulary);
    });)
  }

  // bound bounds logits. The slope, if it is not null, becomes their gradient by what
  // they were.
  static void bound(Tensor &logits, double most, Tensor *slope) {
    if (most == 0) return;
    logits.div_(most).tanh_();
    if (slope) *slope = at::rsub(logits.square(), 1);
    logits.mul_(most);
  }

  // compute returns the log-probabilities, and what normalise made of the last
  // part.
  static std::pair<Tensor, Tensor> compute(const Tensor &hidden, const Tensor &weight, const Tensor &targets, double temperature, double most, bool plain) {
    const int64_t m = hidden.size(0), step = part(weight);
    Tensor logprobs = at::empty({m}, hidden.options()), last;
    for (int64_t from = 0; from < m; from += step) {
      last = Tensor(); // its memory is the next part's
      last = at::mm(hidden.narrow(0, from, std::min(step, m - from)), weight.t());
      bound(last, most, nullptr);
      normalise(last, targets, logprobs, from, 1 / temperature, plain);
    }
    return {logprobs, last};
  }

  static Tensor forward(AutogradContext *context, const Tensor &hidden, const Tensor &weight, const Tensor &targets, double temperature, double most, bool plain) {
    const auto [logprobs, last] = compute(hidden, weight, targets, temperature, most, plain);
    context->save_for_backward({hidden, weight, targets});
    // The first backward takes this buffer away and uses it up; another one, of a
    // graph that is retained, computes it again.
    if (most == 0 && hidden.size(0) > 0 && hidden.size(0) <= part(weight)) context->saved_data["buffer"] = last;
    context->saved_data["temperature"] = temperature;
    context->saved_data["most"] = most;
    context->saved_data["plain"] = plain;
    context->saved_data["weight"] = weight.requires_grad();
    return logprobs;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &hidden = saved[0], &weight = saved[1], &targets = saved[2], g = gradients[0].contiguous();
    no_double("token_logprobs");
    const double scale = 1 / context->saved_data["temperature"].toDouble(), most = context->saved_data["most"].toDouble();
    const bool plain = context->saved_data["plain"].toBool();
    const int64_t m = hidden.size(0), step = part(weight);
    Tensor buffer;
    if (const auto found = context->saved_data.find("buffer"); found != context->saved_data.end()) {
      buffer = found->second.toTensor();
      context->saved_data.erase(found);
    }
    Tensor dhidden = at::empty_like(hidden), dweight, again = at::empty_like(g);
    for (int64_t from = 0; from < m; from += step) {
      const Tensor h = hidden.narrow(0, from, std::min(step, m - from));
      Tensor d = std::exchange(buffer, Tensor()), slope;
      if (!d.defined()) {
        d = at::mm(h, weight.t());
        bound(d, most, &slope);
        normalise(d, targets, again, from, scale, plain);
      }
      differentiate(d, targets, g, from, scale, plain);
      if (slope.defined()) d.mul_(slope);
      dhidden.narrow(0, from, h.size(0)).copy_(at::mm(d, weight));
      if (!context->saved_data["weight"].toBool()) continue;
      if (dweight.defined())
        dweight.addmm_(d.t(), h);
      else
        dweight = at::mm(d.t(), h);
    }
    return {dhidden, dweight, Tensor(), Tensor(), Tensor(), Tensor()};
  }
};

// check_cache throws unless x, [rows, groups, tokens, n], can go into a cache
// [slots, groups, capacity, n].
void check_cache(const Tensor &cache, const Tensor &x) {
  TORCH_CHECK(cache.dim() == 4 && x.dim() == 4 && x.size(1) == cache.size(1) && x.size(3) == cache.size(3), "tokens of shape ", x.sizes(), " for a cache of ", cache.sizes());
  alike(cache, x, "tokens");
  TORCH_CHECK(cache.is_contiguous(), "a cache that is not contiguous");
  constant(x, "a token");
  changeable(cache, "the cache");
}

// check_room throws unless a cache has the slots of rows, each with room for its
// tokens and more behind them.
void check_room(const Tensor &cache, int64_t rows, const int64_t *slots, const int64_t *tokens, int64_t more) {
  for (int64_t row = 0; row < rows; row++) {
    TORCH_CHECK(slots[row] >= 0 && slots[row] < cache.size(0), "slot ", slots[row], " of a cache of ", cache.size(0));
    TORCH_CHECK(tokens[row] >= 0 && tokens[row] + more <= cache.size(2), tokens[row] + more, " tokens in a slot that has room for ", cache.size(2));
  }
}

// check_indices throws unless indices has an int64 for each row, on the device of
// x.
void check_indices(const Tensor &x, int64_t rows, const Tensor &indices, const char *name) {
  TORCH_CHECK(indices.scalar_type() == at::kLong && indices.device() == x.device() && indices.is_contiguous() && indices.numel() == rows, name, " of ",
              indices.scalar_type(), " on ", indices.device(), " for ", indices.numel(), " rows, want ", at::kLong, " on ", x.device(), " for ", rows);
}

// check_attend throws unless q, [rows, heads, 1, n], and a token's k and v fit the
// caches.
void check_attend(const Tensor &q, const Tensor &k, const Tensor &v, const Tensor &keys, const Tensor &values) {
  check_cache(keys, k);
  check_cache(values, v);
  TORCH_CHECK(v.sizes() == k.sizes() && values.sizes() == keys.sizes(), "values of shape ", v.sizes(), " for keys of ", k.sizes(), ", in caches of ", values.sizes(), " and ",
              keys.sizes());
  TORCH_CHECK(q.dim() == 4 && q.size(0) == k.size(0) && q.size(2) == 1 && k.size(2) == 1 && q.size(3) == k.size(3), "keys of shape ", k.sizes(), " for queries of ", q.sizes(),
              ", want one token a row");
  TORCH_CHECK(k.size(1) > 0 && q.size(1) % k.size(1) == 0, q.size(1), " heads cannot share ", k.size(1), " groups of keys");
  alike(q, k, "keys");
  alike(q, v, "values");
  constant(q, "a query");
}

// store copies the first counts[row] tokens of each row of x [rows, groups,
// length, n] to the start of a slot of cache [slots, groups, capacity, n].
void store(const Tensor &cache, const Tensor &tokens, const int64_t *slots, const int64_t *counts, int64_t rows) {
  check_cache(cache, tokens);
  TORCH_CHECK(tokens.size(0) == rows, "tokens of shape ", tokens.sizes(), " for ", rows, " slots");
  check_room(cache, rows, slots, counts, 0);
  const Tensor x = tokens.contiguous();
  const int64_t groups = x.size(1), length = x.size(2), n = x.size(3), capacity = cache.size(2);
  for (int64_t row = 0; row < rows; row++) TORCH_CHECK(counts[row] <= length, counts[row], " tokens of ", length);
  LASTMILE_TYPES(x, at::parallel_for(0, rows, 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++)
      for (int64_t group = 0; group < groups; group++)
        std::copy_n(x.data_ptr<T>() + (row * groups + group) * length * n, counts[row] * n,
                    cache.data_ptr<T>() + (slots[row] * groups + group) * capacity * n);
  });)
  written(cache);
}

// attend appends one token's key and value, [rows, groups, 1, n], to each row's
// slot, which holds lengths[row] tokens, and lets its queries [rows, heads, 1,
// n] attend to all, or if window is not 0 to the last so many: [rows, 1, heads * n].
// If most is not 0, most tanh(logits / most) bounds the logits.
Tensor attend(const Tensor &queries, const Tensor &newest, const Tensor &value, const Tensor &keys, const Tensor &values, const int64_t *slots, const int64_t *lengths,
              int64_t rows, int64_t window, double most) {
  check_attend(queries, newest, value, keys, values);
  TORCH_CHECK(queries.size(0) == rows, "queries of shape ", queries.sizes(), " for ", rows, " slots");
  check_room(keys, rows, slots, lengths, 1);
  const Tensor q = queries.contiguous(), k = newest.contiguous(), v = value.contiguous();
  const int64_t heads = q.size(1), n = q.size(3), groups = k.size(1), capacity = keys.size(2), share = heads / groups;
  const double scale = 1 / std::sqrt(double(n));
  Tensor out = at::empty({rows, 1, heads * n}, q.options());
  LASTMILE_TYPES(q, at::parallel_for(0, rows * groups, 1, [&](int64_t begin, int64_t end) {
    std::vector<T> weights(capacity);
    for (int64_t i = begin; i < end; i++) {
      const int64_t row = i / groups, slot = slots[row] * groups + i % groups, length = lengths[row];
      T *key = keys.data_ptr<T>() + slot * capacity * n, *kept = values.data_ptr<T>() + slot * capacity * n;
      std::copy_n(k.data_ptr<T>() + i * n, n, key + length * n);
      std::copy_n(v.data_ptr<T>() + i * n, n, kept + length * n);
      const int64_t first = window > 0 ? std::max<int64_t>(0, length + 1 - window) : 0;
      lastmile::attend(q.data_ptr<T>() + i * share * n, key + first * n, kept + first * n, out.data_ptr<T>() + i * share * n, weights.data(), scale, most, share,
                       length + 1 - first, n);
    }
  });)
  written(keys);
  written(values);
  return out;
}

// adamw takes a step on parameters, {parameter, gradient, first, second} of each,
// one after the other.
void adamw(std::vector<Tensor> all, const double *decays, double scale, double rate, double beta1, double beta2, double epsilon, double correct1, double correct2) {
  for (size_t i = 0; i < all.size(); i += 4) {
    const Tensor &p = all[i];
    TORCH_CHECK(p.device() == all[0].device(), "parameters on ", all[0].device(), " and on ", p.device());
    static const char *const names[] = {"a parameter", "a gradient", "a first moment", "a second moment"};
    for (size_t j = 0; j < 4; j++) {
      const Tensor &t = all[i + j];
      TORCH_CHECK(t.sizes() == p.sizes(), names[j], " of shape ", t.sizes(), " for a parameter of ", p.sizes());
      alike(p, t, names[j]);
      TORCH_CHECK(t.is_contiguous() || j == 1, names[j], " that is not contiguous"); // a gradient is copied
      changeable(t, names[j]);
    }
  }
  for (size_t i = 0; i < all.size(); i += 4) {
    Tensor &g = all[i + 1];
    if (g.is_contiguous()) {
      written(g);
    } else {
      Tensor copy = g.contiguous();
      g.zero_();
      g = copy;
    }
    for (size_t j : {i, i + 2, i + 3}) written(all[j]);
  }
  if (!all.empty() && all[0].is_cuda()) {
    lastmile::device::adamw(all, decays, scale, rate, beta1, beta2, epsilon, correct1, correct2);
    return;
  }
  for (size_t i = 0; i < all.size(); i += 4) {
    const Tensor &p = all[i], &g = all[i + 1], &m = all[i + 2], &v = all[i + 3];
    LASTMILE_TYPES(p, at::parallel_for(0, p.numel(), work, [&](int64_t begin, int64_t end) {
      lastmile::adamw(p.data_ptr<T>(), g.data_ptr<T>(), m.data_ptr<T>(), v.data_ptr<T>(), begin, end, scale, rate, beta1, beta2, epsilon, decays[i / 4], correct1, correct2);
    });)
  }
}

// squares is the sum of the squares of all elements of tensors of one device.
double squares(const std::vector<Tensor> &all) {
  for (const Tensor &t : all) TORCH_CHECK(t.device() == all[0].device(), "tensors on ", all[0].device(), " and on ", t.device());
  if (!all.empty() && all[0].is_cuda()) return lastmile::device::squares(all);
  double sum = 0;
  for (const Tensor &t : all) {
    // In parts of a fixed size, so that the sum does not depend on the threads.
    const int64_t n = t.numel(), parts = (n + work - 1) / work;
    std::vector<double> sums(parts);
    LASTMILE_TYPES(t, at::parallel_for(0, parts, 1, [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; i++) sums[i] = lastmile::squares(t.data_ptr<T>(), i * work, std::min(n, (i + 1) * work));
    });)
    sum += std::accumulate(sums.begin(), sums.end(), 0.0);
  }
  return sum;
}

void *own(Tensor t) { return new Tensor(std::move(t)); }

} // namespace

extern "C" {

void lastmile_deterministic(void) {
  // Where an operation has no deterministic form libtorch says so and goes on.
  at::globalContext().setDeterministicAlgorithms(true, true);
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 2)
  // No result depends on memory that nobody wrote to, so none need be filled.
  at::globalContext().setDeterministicFillUninitializedMemory(false);
#endif
}

bool lastmile_open(const char *source, int device) {
  return protect<bool>(false, [&] {
    lastmile::device::open(source, device);
    return true;
  });
}

char *lastmile_error(void) {
  char *message = failure;
  failure = nullptr;
  return message;
}

void *lastmile_rms_norm(void *x, void *weight, double eps) {
  return protect<void *>(nullptr, [&] { return own(RMSNorm::apply(of(x), of(weight), eps)); });
}

void *lastmile_swiglu(void *gate, void *up) {
  return protect<void *>(nullptr, [&] { return own(SwiGLU::apply(of(gate), of(up))); });
}

void *lastmile_lora_linear(void *x, void *weight, void *bias, void *a, void *b, double scale) {
  return protect<void *>(nullptr, [&] {
    c10::optional<Tensor> added;
    if (bias) added = of(bias);
    return own(LoRALinear::apply(of(x), of(weight), added, of(a), of(b), scale));
  });
}

void *lastmile_rotary(void *x, void *cos, void *sin) {
  return protect<void *>(nullptr, [&] {
    constant(of(cos), "an angle");
    constant(of(sin), "an angle");
    return own(Rotary::apply(of(x), of(cos), of(sin)));
  });
}

void *lastmile_attention(void *q, void *k, void *v, void *mask, double scale, double most) {
  return protect<void *>(nullptr, [&] {
    c10::optional<Tensor> added;
    if (mask) {
      constant(of(mask), "the mask");
      added = of(mask);
    }
    return own(Attention::apply(of(q), of(k), of(v), added, scale, most));
  });
}

void *lastmile_token_logprobs(void *hidden, void *weight, void *targets, double temperature, double most, bool plain) {
  return protect<void *>(nullptr, [&] {
    TokenLogprobs::check(of(hidden), of(weight), of(targets));
    if (at::GradMode::is_enabled() && (of(hidden).requires_grad() || of(weight).requires_grad()))
      return own(TokenLogprobs::apply(of(hidden), of(weight), of(targets), temperature, most, plain));
    return own(TokenLogprobs::compute(of(hidden), of(weight), of(targets), temperature, most, plain).first);
  });
}

void *lastmile_dropout(void *x, double drop, uint64_t key) {
  return protect<void *>(nullptr, [&] { return own(Dropout::apply(of(x), drop, static_cast<int64_t>(key))); });
}

void *lastmile_linear(void *x, void *weight) {
  return protect<void *>(nullptr, [&] {
    constant(of(x), "a row");
    constant(of(weight), "the weight");
    return own(few_rows(of(x), of(weight)));
  });
}

void *lastmile_attend(void *q, void *k, void *v, void *keys, void *values, const int64_t *slots, const int64_t *lengths, int64_t rows, int64_t window, double most) {
  return protect<void *>(nullptr, [&] { return own(attend(of(q), of(k), of(v), of(keys), of(values), slots, lengths, rows, window, most)); });
}

void *lastmile_attend_on(void *q, void *k, void *v, void *keys, void *values, void *slots, void *lengths) {
  return protect<void *>(nullptr, [&] {
    check_attend(of(q), of(k), of(v), of(keys), of(values));
    check_indices(of(q), of(q).size(0), of(slots), "slots");
    check_indices(of(q), of(q).size(0), of(lengths), "lengths");
    Tensor out = lastmile::device::attend(of(q).contiguous(), of(k).contiguous(), of(v).contiguous(), of(keys), of(values), of(slots), of(lengths));
    written(of(keys));
    written(of(values));
    return own(out);
  });
}

bool lastmile_store_on(void *cache, void *x, void *slots, void *counts) {
  return protect<bool>(false, [&] {
    check_cache(of(cache), of(x));
    check_indices(of(x), of(x).size(0), of(slots), "slots");
    check_indices(of(x), of(x).size(0), of(counts), "counts");
    lastmile::device::store(of(cache), of(x).contiguous(), of(slots), of(counts));
    written(of(cache));
    return true;
  });
}

bool lastmile_store(void *cache, void *x, const int64_t *slots, const int64_t *counts, int64_t rows) {
  return protect<bool>(false, [&] {
    store(of(cache), of(x), slots, counts, rows);
    return true;
  });
}

double lastmile_squares(void **all, int64_t count) {
  return protect<double>(-1, [&] {
    std::vector<Tensor> tensors;
    for (int64_t i = 0; i < count; i++) tensors.push_back(of(all[i]).contiguous());
    return squares(tensors);
  });
}

bool lastmile_adamw(void **tensors, const double *decays, int64_t count, double scale, double rate, double beta1, double beta2,
                    double epsilon, double correct1, double correct2) {
  return protect<bool>(false, [&] {
    std::vector<Tensor> all;
    for (int64_t i = 0; i < 4 * count; i++) all.push_back(of(tensors[i]));
    adamw(std::move(all), decays, scale, rate, beta1, beta2, epsilon, correct1, correct2);
    return true;
  });
}

void *lastmile_invert(void *x, void *rows, void *shares) {
  return protect<void *>(nullptr, [&] {
    const Tensor &of_rows = of(rows), &of_shares = of(shares);
    TORCH_CHECK(of(x).is_cuda() && of(x).dim() > 0, "draws from a tensor of shape ", of(x).sizes(), " on ", of(x).device(), ", want a CUDA device");
    check_indices(of(x), of_shares.numel(), of_rows, "rows");
    TORCH_CHECK(of_shares.scalar_type() == at::kDouble && of_shares.device() == of(x).device() && of_shares.is_contiguous(), "shares of ", of_shares.scalar_type(), " on ",
                of_shares.device(), ", want ", at::kDouble, " on ", of(x).device());
    return own(lastmile::device::invert(of(x).contiguous(), of_rows, of_shares));
  });
}

} // extern "C"
