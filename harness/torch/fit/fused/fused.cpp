// Operations that libtorch takes several passes over memory for, in one, with
// their gradients. They are for contiguous tensors of float or double on a CPU.
#include "fused.h"
#include "kernels.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <cstring>
#include <numeric>
#include <string>
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
    x = x.contiguous();
    const int64_t n = x.size(-1), rows = x.numel() / n;
    TORCH_CHECK(weight.numel() == n && weight.is_contiguous(), "weight of shape ", weight.sizes(), " for ", x.sizes());
    Tensor y = at::empty_like(x), r = at::empty({rows}, x.options());
    LASTMILE_TYPES(x, each(rows, n, [&](int64_t begin, int64_t end) {
      lastmile::rms_norm(x.data_ptr<T>(), weight.data_ptr<T>(), y.data_ptr<T>(), r.data_ptr<T>(), begin, end, n, eps);
    });)
    context->save_for_backward({x, weight, r});
    return y;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1], &r = saved[2], g = gradients[0].contiguous();
    const int64_t n = x.size(-1), rows = x.numel() / n;
    // The weight's gradient is summed up in a fixed number of parts, so that it
    // does not depend on which thread is first.
    const int64_t parts = std::min<int64_t>(at::get_num_threads(), std::max<int64_t>(1, rows * n / work));
    Tensor dx = at::empty_like(x), dw = at::zeros({parts, n}, x.options());
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
    gate = gate.contiguous();
    up = up.contiguous();
    TORCH_CHECK(gate.sizes() == up.sizes(), "gate of shape ", gate.sizes(), ", up of shape ", up.sizes());
    Tensor y = at::empty_like(gate);
    LASTMILE_TYPES(gate, at::parallel_for(0, gate.numel(), work, [&](int64_t begin, int64_t end) {
      lastmile::swiglu(gate.data_ptr<T>(), up.data_ptr<T>(), y.data_ptr<T>(), begin, end);
    });)
    context->save_for_backward({gate, up});
    return y;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &gate = saved[0], &up = saved[1], g = gradients[0].contiguous();
    Tensor dgate = at::empty_like(gate), dup = at::empty_like(up);
    LASTMILE_TYPES(gate, at::parallel_for(0, gate.numel(), work, [&](int64_t begin, int64_t end) {
      lastmile::swiglu_backward(g.data_ptr<T>(), gate.data_ptr<T>(), up.data_ptr<T>(), dgate.data_ptr<T>(), dup.data_ptr<T>(), begin, end);
    });)
    return {dgate, dup};
  }
};

// few_rows is x weight^T for few rows, without gradients.
Tensor few_rows(const Tensor &rows, const Tensor &weight) {
  const Tensor x = rows.contiguous();
  const int64_t k = x.size(-1), m = x.numel() / k, n = weight.size(0);
  TORCH_CHECK(weight.is_contiguous() && weight.size(1) == k, "weight of shape ", weight.sizes(), " for ", x.sizes());
  auto shape = x.sizes().vec();
  shape.back() = n;
  Tensor y = at::empty(shape, x.options());
  at::parallel_for(0, n, std::max<int64_t>(4, work / (k * m) / 4 * 4), [&](int64_t begin, int64_t end) {
    lastmile::linear(x.data_ptr<float>(), weight.data_ptr<float>(), y.data_ptr<float>(), m, k, n, begin, end);
  });
  return y;
}

// thin is a b^T for an a of few rows, whatever the type.
Tensor thin(const Tensor &a, const Tensor &b) {
  return a.scalar_type() == at::kFloat ? few_rows(a, b) : at::mm(a, b.t());
}

// add_thin adds scale p^T w to y, for p and w of few rows.
void add_thin(Tensor &y, const Tensor &p, const Tensor &w, double scale) {
  if (y.scalar_type() != at::kFloat) {
    y.addmm_(p.t(), w, 1, scale);
    return;
  }
  const Tensor by = scale == 1 ? w.contiguous() : w.mul(scale).contiguous();
  const int64_t r = p.size(0), m = y.size(0), n = y.size(1);
  each(m, n, [&](int64_t begin, int64_t end) {
    lastmile::spread(p.data_ptr<float>(), by.data_ptr<float>(), y.data_ptr<float>(), r, m, n, begin, end);
  });
}

// times is p z for a p of few rows.
Tensor times(const Tensor &p, const Tensor &z) {
  if (p.scalar_type() != at::kFloat) return at::mm(p, z);
  const int64_t r = p.size(0), m = z.size(0), n = z.size(1);
  Tensor out = at::empty({r, n}, z.options());
  // Threads begin at whole lines of the cache.
  const int64_t lines = (n + 15) / 16;
  at::parallel_for(0, lines, 1, [&](int64_t begin, int64_t end) {
    lastmile::gather(p.data_ptr<float>(), z.data_ptr<float>(), out.data_ptr<float>(), r, m, n, begin * 16, std::min(n, end * 16));
  });
  return out;
}

// LoRALinear is x weight^T + bias + scale x a^T b^T, of which weight and bias
// stay as they are. What a makes of x is kept as [r, rows].
struct LoRALinear : Function<LoRALinear> {
  static Tensor forward(AutogradContext *context, const Tensor &of, const Tensor &weight, const c10::optional<Tensor> &bias, const Tensor &a, const Tensor &b, double scale) {
    const Tensor x = of.reshape({-1, of.size(-1)}).contiguous();
    Tensor y = bias.has_value() ? at::addmm(*bias, x, weight.t()) : at::mm(x, weight.t());
    const Tensor low = thin(a, x);
    add_thin(y, low, b.t(), scale);
    context->save_for_backward({x, weight, a, b, low});
    context->saved_data["scale"] = scale;
    context->saved_data["through"] = of.requires_grad();
    auto shape = of.sizes().vec();
    shape.back() = weight.size(0);
    return y.view(shape);
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1], &a = saved[2], &b = saved[3], &low = saved[4];
    const double scale = context->saved_data["scale"].toDouble();
    auto shape = gradients[0].sizes().vec();
    const Tensor g = gradients[0].reshape({-1, weight.size(0)}).contiguous();
    const Tensor dlow = thin(b.t().mul(scale).contiguous(), g);
    Tensor dx;
    if (context->saved_data["through"].toBool()) {
      dx = at::mm(g, weight);
      add_thin(dx, dlow, a, 1);
      shape.back() = x.size(1);
      dx = dx.view(shape);
    }
    return {dx, Tensor(), Tensor(), times(dlow, x), times(low, g).mul_(scale).t().contiguous(), Tensor()};
  }
};

// Dropout leaves out elements by random numbers that key and place name, so that
// the gradient needs no memory of them.
struct Dropout : Function<Dropout> {
  static Tensor apply_to(const Tensor &of, double drop, uint64_t key) {
    const Tensor x = of.contiguous();
    Tensor y = at::empty_like(x);
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
    x = x.contiguous();
    cos = cos.contiguous();
    sin = sin.contiguous();
    const int64_t rows = x.size(0), length = x.size(1), n = x.size(3);
    TORCH_CHECK(cos.sizes() == sin.sizes() && cos.size(1) == length && cos.size(-1) == n && (cos.size(0) == 1 || cos.size(0) == rows),
                "angles of shape ", cos.sizes(), " for ", x.sizes());
    Tensor y = at::empty({rows, x.size(2), length, n}, x.options());
    LASTMILE_TYPES(x, heads(x.sizes(), cos, [&](int64_t from, int64_t to, int64_t angle) {
      lastmile::rotate(x.data_ptr<T>() + from, cos.data_ptr<T>() + angle, sin.data_ptr<T>() + angle, y.data_ptr<T>() + to, n);
    });)
    context->save_for_backward({cos, sin});
    return y;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &cos = saved[0], &sin = saved[1], g = gradients[0].contiguous();
    const int64_t n = g.size(3);
    Tensor dx = at::empty({g.size(0), g.size(2), g.size(1), n}, g.options());
    LASTMILE_TYPES(g, heads(dx.sizes(), cos, [&](int64_t to, int64_t from, int64_t angle) {
      lastmile::rotate_backward(g.data_ptr<T>() + from, cos.data_ptr<T>() + angle, sin.data_ptr<T>() + angle, dx.data_ptr<T>() + to, n);
    });)
    return {dx, Tensor(), Tensor()};
  }
};

// Attention is that of queries [rows, heads, length, n] to keys and values
// [rows, groups, columns, n], a group of heads sharing its keys: [rows,
// length, heads * n]. The mask, [length, columns] or [rows, ..., length,
// columns], is added to the logits.
struct Attention : Function<Attention> {
  static Tensor forward(AutogradContext *context, const Tensor &q, const Tensor &k, const Tensor &v, const c10::optional<Tensor> &added, double scale) {
    const int64_t rows = q.size(0), heads = q.size(1), length = q.size(2), n = q.size(3);
    const int64_t groups = k.size(1), columns = k.size(2), share = heads / groups;
    Tensor mask;
    int64_t masks = 0; // rows of the batch that have a mask of their own
    if (added.has_value() && added->defined()) {
      mask = added->contiguous();
      masks = mask.numel() / (length * columns);
      TORCH_CHECK(mask.numel() == masks * length * columns && (masks == 1 || masks == rows),
                  "mask of shape ", mask.sizes(), " for ", rows, " rows of ", length, " queries and ", columns, " keys");
    }
    // The queries of a group are stacked along the length instead of repeating
    // the keys.
    const Tensor queries = q.reshape({rows * groups, share * length, n});
    const Tensor keys = k.reshape({rows * groups, columns, n}), values = v.reshape({rows * groups, columns, n});
    Tensor p = at::bmm(queries, keys.transpose(1, 2));
    LASTMILE_TYPES(p, each(rows * heads * length, columns, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        const T *of = masks == 0 ? nullptr : mask.data_ptr<T>() + ((masks == 1 ? 0 : i / (heads * length)) * length + i % length) * columns;
        lastmile::softmax(p.data_ptr<T>() + i * columns, of, scale, columns);
      }
    });)
    context->save_for_backward({queries, keys, values, p});
    context->saved_data["scale"] = scale;
    context->saved_data["rows"] = rows;
    return at::bmm(p, values).view({rows, heads, length, n}).permute({0, 2, 1, 3}).reshape({rows, length, heads * n});
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &q = saved[0], &k = saved[1], &v = saved[2], &p = saved[3];
    const double scale = context->saved_data["scale"].toDouble();
    const int64_t rows = context->saved_data["rows"].toInt(), groups = k.size(0) / rows, columns = k.size(1), n = k.size(2);
    const int64_t length = gradients[0].size(1), heads = gradients[0].size(2) / n;
    const Tensor g = gradients[0].reshape({rows, length, heads, n}).permute({0, 2, 1, 3}).reshape(q.sizes());
    const Tensor dv = at::bmm(p.transpose(1, 2), g);
    Tensor d = at::bmm(g, v.transpose(1, 2));
    LASTMILE_TYPES(d, each(rows * heads * length, columns, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++)
        lastmile::softmax_backward(p.data_ptr<T>() + i * columns, d.data_ptr<T>() + i * columns, scale, columns);
    });)
    return {at::bmm(d, k).view({rows, heads, length, n}), at::bmm(d.transpose(1, 2), q).view({rows, groups, columns, n}),
            dv.view({rows, groups, columns, n}), Tensor(), Tensor()};
  }
};

// TokenLogprobs are the log-probabilities of targets [m] under the logits of
// hidden [m, n] and weight [vocabulary, n], divided by the temperature: [m]. One
// buffer holds the logits, the probabilities, and the logits' gradient.
struct TokenLogprobs : Function<TokenLogprobs> {
  // normalise turns logits into probabilities and fills in the targets'
  // logarithms.
  static void normalise(Tensor &logits, const Tensor &targets, Tensor &logprobs, int64_t from, double scale) {
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

  static Tensor forward(AutogradContext *context, const Tensor &hidden, const Tensor &weight, const Tensor &targets, double temperature) {
    const int64_t m = hidden.size(0);
    Tensor logprobs = at::empty({m}, hidden.options());
    Tensor probabilities = at::mm(hidden, weight.t());
    normalise(probabilities, targets, logprobs, 0, 1 / temperature);
    context->save_for_backward({hidden, weight, targets, probabilities});
    context->saved_data["temperature"] = temperature;
    return logprobs;
  }

  // without computes the same in parts, where nobody wants gradients.
  static Tensor without(const Tensor &hidden, const Tensor &weight, const Tensor &targets, double temperature) {
    const int64_t m = hidden.size(0), part = std::max<int64_t>(64, (1 << 22) / weight.size(0));
    Tensor logprobs = at::empty({m}, hidden.options());
    for (int64_t from = 0; from < m; from += part) {
      Tensor logits = at::mm(hidden.narrow(0, from, std::min(part, m - from)), weight.t());
      normalise(logits, targets, logprobs, from, 1 / temperature);
    }
    return logprobs;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &hidden = saved[0], &weight = saved[1], &targets = saved[2], g = gradients[0].contiguous();
    const double scale = 1 / context->saved_data["temperature"].toDouble();
    Tensor d = saved[3];
    const int64_t vocabulary = d.size(1);
    LASTMILE_TYPES(d, each(d.size(0), vocabulary, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++)
        lastmile::pull(d.data_ptr<T>() + i * vocabulary, targets.data_ptr<int64_t>()[i], scale * double(g.data_ptr<T>()[i]), vocabulary);
    });)
    return {at::mm(d, weight), at::mm(d.t(), hidden), Tensor(), Tensor()};
  }
};

// store copies the first counts[row] tokens of each row of x [rows, groups,
// length, n] to the start of a slot of cache [slots, groups, capacity, n].
void store(const Tensor &cache, const Tensor &rows, const int64_t *slots, const int64_t *counts) {
  const Tensor x = rows.contiguous();
  const int64_t groups = x.size(1), length = x.size(2), n = x.size(3), capacity = cache.size(2);
  LASTMILE_TYPES(x, at::parallel_for(0, x.size(0), 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++)
      for (int64_t group = 0; group < groups; group++)
        std::copy_n(x.data_ptr<T>() + (row * groups + group) * length * n, counts[row] * n,
                    cache.data_ptr<T>() + (slots[row] * groups + group) * capacity * n);
  });)
}

// attend appends one token's key and value, [rows, groups, 1, n], to each row's
// slot, which holds lengths[row] tokens, and lets its queries [rows, heads, 1,
// n] attend to all: [rows, 1, heads * n].
Tensor attend(const Tensor &queries, const Tensor &newest, const Tensor &value, const Tensor &keys, const Tensor &values, const int64_t *slots, const int64_t *lengths) {
  const Tensor q = queries.contiguous(), k = newest.contiguous(), v = value.contiguous();
  const int64_t rows = q.size(0), heads = q.size(1), n = q.size(3), groups = k.size(1), capacity = keys.size(2), share = heads / groups;
  const double scale = 1 / std::sqrt(double(n));
  Tensor out = at::empty({rows, 1, heads * n}, q.options());
  LASTMILE_TYPES(q, at::parallel_for(0, rows * groups, 1, [&](int64_t begin, int64_t end) {
    std::vector<T> weights(capacity);
    for (int64_t i = begin; i < end; i++) {
      const int64_t row = i / groups, slot = slots[row] * groups + i % groups, length = lengths[row];
      T *key = keys.data_ptr<T>() + slot * capacity * n, *kept = values.data_ptr<T>() + slot * capacity * n;
      std::copy_n(k.data_ptr<T>() + i * n, n, key + length * n);
      std::copy_n(v.data_ptr<T>() + i * n, n, kept + length * n);
      lastmile::attend(q.data_ptr<T>() + i * share * n, key, kept, out.data_ptr<T>() + i * share * n, weights.data(), scale, share, length + 1, n);
    }
  });)
  return out;
}

void *own(Tensor t) { return new Tensor(std::move(t)); }

} // namespace

extern "C" {

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
  return protect<void *>(nullptr, [&] { return own(Rotary::apply(of(x), of(cos), of(sin))); });
}

void *lastmile_attention(void *q, void *k, void *v, void *mask, double scale) {
  return protect<void *>(nullptr, [&] {
    c10::optional<Tensor> added;
    if (mask) added = of(mask);
    return own(Attention::apply(of(q), of(k), of(v), added, scale));
  });
}

void *lastmile_token_logprobs(void *hidden, void *weight, void *targets, double temperature) {
  return protect<void *>(nullptr, [&] {
    const Tensor &t = of(targets);
    const int64_t vocabulary = of(weight).size(0);
    TORCH_CHECK(t.numel() == of(hidden).size(0) && t.is_contiguous(), t.sizes(), " targets for ", of(hidden).sizes());
    if (t.numel() > 0)
      TORCH_CHECK(t.min().item<int64_t>() >= 0 && t.max().item<int64_t>() < vocabulary, "a target is outside of the vocabulary of ", vocabulary);
    if (at::GradMode::is_enabled() && (of(hidden).requires_grad() || of(weight).requires_grad()))
      return own(TokenLogprobs::apply(of(hidden), of(weight), of(targets), temperature));
    return own(TokenLogprobs::without(of(hidden), of(weight), of(targets), temperature));
  });
}

void *lastmile_dropout(void *x, double drop, uint64_t key) {
  return protect<void *>(nullptr, [&] { return own(Dropout::apply(of(x), drop, static_cast<int64_t>(key))); });
}

void *lastmile_linear(void *x, void *weight) {
  return protect<void *>(nullptr, [&] { return own(few_rows(of(x), of(weight))); });
}

void *lastmile_attend(void *q, void *k, void *v, void *keys, void *values, const int64_t *slots, const int64_t *lengths) {
  return protect<void *>(nullptr, [&] { return own(attend(of(q), of(k), of(v), of(keys), of(values), slots, lengths)); });
}

bool lastmile_store(void *cache, void *x, const int64_t *slots, const int64_t *counts) {
  return protect<bool>(false, [&] {
    store(of(cache), of(x), slots, counts);
    return true;
  });
}

double lastmile_squares(void *x) {
  return protect<double>(-1, [&] {
    const Tensor t = of(x).contiguous();
    // In parts of a fixed size, so that the sum does not depend on the threads.
    const int64_t n = t.numel(), parts = (n + work - 1) / work;
    std::vector<double> sums(parts);
    LASTMILE_TYPES(t, at::parallel_for(0, parts, 1, [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; i++) sums[i] = lastmile::squares(t.data_ptr<T>(), i * work, std::min(n, (i + 1) * work));
    });)
    return std::accumulate(sums.begin(), sums.end(), 0.0);
  });
}

bool lastmile_adamw(void *parameter, void *gradient, void *first, void *second, double scale, double rate, double beta1, double beta2,
                    double epsilon, double decay, double correct1, double correct2) {
  return protect<bool>(false, [&] {
    const Tensor &p = of(parameter), &m = of(first), &v = of(second);
    Tensor g = of(gradient);
    TORCH_CHECK(p.is_contiguous() && m.is_contiguous() && v.is_contiguous() && g.numel() == p.numel(), "a parameter that is not contiguous");
    if (!g.is_contiguous()) {
      g = g.contiguous();
      of(gradient).zero_();
    }
    LASTMILE_TYPES(p, at::parallel_for(0, p.numel(), work, [&](int64_t begin, int64_t end) {
      lastmile::adamw(p.data_ptr<T>(), g.data_ptr<T>(), m.data_ptr<T>(), v.data_ptr<T>(), begin, end, scale, rate, beta1, beta2, epsilon, decay, correct1, correct2);
    });)
    return true;
  });
}

} // extern "C"
