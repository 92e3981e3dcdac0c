#include "device.h"

#include <c10/core/DeviceGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <dlfcn.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <numeric>
#include <string>
#include <vector>

namespace lastmile::device {

namespace {

using Handle = struct opaque *;

// Library are functions of NVRTC and of CUDA's driver. libtorch's own library
// for its compiled kernels brings both, so that nothing of CUDA need be there
// to build with.
struct Library {
  // NVRTC's
  int (*create)(Handle *program, const char *source, const char *name, int headers, const char *const *, const char *const *);
  int (*compile)(Handle program, int options, const char *const *);
  int (*log_size)(Handle program, size_t *);
  int (*log)(Handle program, char *);
  int (*size)(Handle program, size_t *);
  int (*binary)(Handle program, char *);
  int (*destroy)(Handle *program);
  // the driver's
  int (*device)(int *device, int index);
  int (*attribute)(int *value, int attribute, int device);
  int (*retain)(Handle *context, int device);
  int (*enter)(Handle context);
  int (*load)(Handle *module, const void *binary);
  int (*function)(Handle *function, Handle module, const char *name);
  int (*launch)(Handle function, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned shared, Handle stream, void **arguments, void **);
  int (*name)(int error, const char **);

  Library() {
    void *library = dlopen("libcaffe2_nvrtc.so", RTLD_NOW);
    TORCH_CHECK(library, "loading NVRTC: ", dlerror());
    const auto find = [&](auto &f, const char *name) {
      f = reinterpret_cast<std::decay_t<decltype(f)>>(dlsym(library, name));
      TORCH_CHECK(f, "there is no ", name);
    };
    find(create, "nvrtcCreateProgram");
    find(compile, "nvrtcCompileProgram");
    find(log_size, "nvrtcGetProgramLogSize");
    find(log, "nvrtcGetProgramLog");
    find(size, "nvrtcGetCUBINSize");
    find(binary, "nvrtcGetCUBIN");
    find(destroy, "nvrtcDestroyProgram");
    find(device, "cuDeviceGet");
    find(attribute, "cuDeviceGetAttribute");
    find(retain, "cuDevicePrimaryCtxRetain");
    find(enter, "cuCtxSetCurrent");
    find(load, "cuModuleLoadData");
    find(function, "cuModuleGetFunction");
    find(launch, "cuLaunchKernel");
    find(name, "cuGetErrorName");
  }

  void check(int error, const char *what) const {
    if (error == 0) return;
    const char *text = nullptr;
    name(error, &text);
    TORCH_CHECK(false, what, ": ", text ? text : "CUDA error", " (", error, ")");
  }

  // build compiles source for a device's own processor.
  std::vector<char> build(const char *source, int device) const {
    const int major = 75, minor = 76; // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_*
    int of[2];
    check(attribute(&of[0], major, device), "asking for the device's capability");
    check(attribute(&of[1], minor, device), "asking for the device's capability");
    const std::string architecture = "--gpu-architecture=sm_" + std::to_string(of[0]) + std::to_string(of[1]);
    const char *options[] = {architecture.c_str(), "--std=c++17"};
    Handle program;
    int failed = create(&program, source, "kernels.cu", 0, nullptr, nullptr);
    TORCH_CHECK(failed == 0, "NVRTC error ", failed);
    failed = compile(program, 2, options);
    size_t n = 0;
    log_size(program, &n);
    std::string said(n, ' ');
    log(program, said.data());
    std::vector<char> code;
    if (!failed && !(failed = size(program, &n))) {
      code.resize(n);
      failed = binary(program, code.data());
    }
    destroy(&program);
    TORCH_CHECK(failed == 0, "compiling kernels.cu: NVRTC error ", failed, ": ", said);
    return code;
  }
};

// Opened is a device with the kernels.
struct Opened {
  Handle context, module;
  std::map<std::string, Handle> functions;
};

std::mutex opening;
std::map<int, Opened> devices;

const Library &library() {
  static const Library one;
  return one;
}

// current is libtorch's current stream on a device, as CUDA's driver has it. Only
// libtorch's library for CUDA, which is found by name since a build need not have
// it, can tell the handle of a stream that is not the default one.
Handle current(const at::Device &device) {
  const c10::Stream stream = c10::impl::VirtualGuardImpl(device.type()).getStream(device);
  if (stream.id() == 0) return nullptr;
  static const auto handle = reinterpret_cast<Handle (*)(const c10::Stream *)>(dlsym(RTLD_DEFAULT, "_ZNK3c104cuda10CUDAStream6streamEv"));
  TORCH_CHECK(handle, "libtorch does not tell the handle of the current CUDA stream; compute on the default one");
  return handle(&stream); // a CUDAStream is a Stream and nothing more
}

// launch starts a kernel on libtorch's current stream. The arguments have the
// kernel's own types.
template <typename... Arguments>
void launch(const char *name, const Tensor &on, int64_t blocks, int64_t rows, int threads, Arguments... arguments) {
  if (blocks == 0 || rows == 0) return;
  TORCH_CHECK(blocks <= std::numeric_limits<int32_t>::max() && rows <= 65535, name, ": ", blocks, " by ", rows, " blocks are more than a launch has");
  const Library &cuda = library();
  const c10::DeviceGuard guard(on.device()); // afterwards the thread's device is what it was
  Handle function;
  {
    const std::lock_guard<std::mutex> lock(opening);
    const auto opened = devices.find(on.get_device());
    TORCH_CHECK(opened != devices.end(), name, ": no session has opened ", on.device());
    Opened &device = opened->second;
    cuda.check(cuda.enter(device.context), "entering the device");
    Handle &found = device.functions[name];
    if (!found) cuda.check(cuda.function(&found, device.module, name), name);
    function = found;
  }
  void *pointers[] = {&arguments...};
  cuda.check(cuda.launch(function, blocks, rows, 1, threads, 1, 1, 0, current(on.device()), pointers, nullptr), name);
}

// A kernel over elements has no more blocks than keep a device busy.
constexpr int threads = 256;
int64_t blocks(int64_t count) { return std::min<int64_t>((count + threads - 1) / threads, 4096); }

// A kernel with a row a block has the threads that the row needs.
int wide(int64_t n) { return n <= 128 ? 128 : n <= 1024 ? 256 : 512; }

float *of(const Tensor &x) { return x.data_ptr<float>(); }

int64_t address(const Tensor &x) { return reinterpret_cast<int64_t>(of(x)); }

// A kernel over a table of tensors has so many blocks for each.
constexpr int64_t parts = 128;

// upload copies values to where on is. Their memory there may be freed once the
// kernel is launched: what is allocated next on the stream comes after it.
template <typename T> Tensor upload(std::vector<T> &values, at::ScalarType type, const Tensor &on) {
  return at::from_blob(values.data(), {int64_t(values.size())}, at::TensorOptions().dtype(type)).to(on.device());
}

} // namespace

void open(const char *source, int index) {
  const Library &cuda = library();
  const std::lock_guard<std::mutex> lock(opening);
  if (devices.count(index)) return;
  int device;
  Opened opened;
  cuda.check(cuda.device(&device, index), "finding the device");
  cuda.check(cuda.retain(&opened.context, device), "entering the device");
  cuda.check(cuda.enter(opened.context), "entering the device");
  const std::vector<char> code = cuda.build(source, device);
  cuda.check(cuda.load(&opened.module, code.data()), "loading the kernels");
  devices[index] = opened;
}

void rms_norm(const Tensor &x, const Tensor &w, Tensor &y, Tensor &r, double eps) {
  const int64_t n = x.size(-1);
  launch("rms_norm", x, r.numel(), 1, wide(n), of(x), of(w), of(y), of(r), n, float(eps));
}

Tensor rms_norm_backward(const Tensor &g, const Tensor &x, const Tensor &w, const Tensor &r, Tensor &dx) {
  const int64_t n = x.size(-1), rows = r.numel(), parts = std::min<int64_t>(rows, 64);
  launch("rms_norm_backward", x, rows, 1, wide(n), of(g), of(x), of(w), of(r), of(dx), n);
  Tensor sums = at::empty({parts, n}, x.options());
  launch("rms_norm_weight", x, (n + 63) / 64, parts, 64, of(g), of(x), of(r), of(sums), rows, n);
  return sums.sum(0);
}

void swiglu(const Tensor &gate, const Tensor &up, Tensor &y) {
  launch("swiglu", gate, blocks(gate.numel()), 1, threads, of(gate), of(up), of(y), gate.numel());
}

void swiglu_backward(const Tensor &g, const Tensor &gate, const Tensor &up, Tensor &dgate, Tensor &dup) {
  launch("swiglu_backward", g, blocks(g.numel()), 1, threads, of(g), of(gate), of(up), of(dgate), of(dup), g.numel());
}

void rotate(const Tensor &x, const Tensor &cos, const Tensor &sin, Tensor &y) {
  const int64_t length = x.size(1), heads = x.size(2), n = x.size(3);
  launch("rotate", x, x.size(0) * length, 1, wide(heads * n), of(x), of(cos), of(sin), of(y), length, heads, n, int64_t(cos.size(0) == 1));
}

void rotate_backward(const Tensor &g, const Tensor &cos, const Tensor &sin, Tensor &dx) {
  const int64_t length = dx.size(1), heads = dx.size(2), n = dx.size(3);
  launch("rotate_backward", g, dx.size(0) * length, 1, wide(heads * n), of(g), of(cos), of(sin), of(dx), length, heads, n, int64_t(cos.size(0) == 1));
}

void softmax(Tensor &p, const Tensor &mask, int64_t masks, int64_t groups, int64_t length, double scale) {
  const int64_t share = p.size(1) / length, columns = p.size(2);
  launch("softmax", p, p.size(0) * p.size(1), 1, wide(columns), of(p), mask.defined() ? of(mask) : nullptr, masks, groups, share, length, columns, float(scale));
}

void softmax_backward(const Tensor &p, Tensor &g, double scale) {
  const int64_t columns = p.size(-1);
  launch("softmax_backward", p, p.numel() / columns, 1, wide(columns), of(p), of(g), columns, float(scale));
}

void dropout(const Tensor &x, Tensor &y, double drop, uint64_t key) {
  launch("dropout", x, blocks(x.numel()), 1, threads, of(x), of(y), uint64_t(drop * 18446744073709551616.0), float(1 / (1 - drop)), key, x.numel());
}

double squares(const std::vector<Tensor> &all) {
  std::vector<int64_t> rows;
  for (const Tensor &x : all) rows.insert(rows.end(), {address(x), x.numel()});
  Tensor sums = at::empty({int64_t(all.size()), parts}, all.at(0).options().dtype(at::kDouble));
  launch("squares", sums, parts, all.size(), threads, upload(rows, at::kLong, sums).data_ptr<int64_t>(), sums.data_ptr<double>());
  sums = sums.cpu();
  return std::accumulate(sums.data_ptr<double>(), sums.data_ptr<double>() + sums.numel(), 0.0);
}

void adamw(const std::vector<Tensor> &of, const double *decays, double scale, double rate, double beta1, double beta2, double epsilon,
           double correct1, double correct2) {
  std::vector<int64_t> rows;
  std::vector<float> keep;
  for (size_t i = 0; i < of.size(); i += 4) {
    for (size_t j = i; j < i + 4; j++) rows.push_back(address(of[j]));
    rows.push_back(of[i].numel());
    keep.push_back(float(1 - rate * decays[i / 4]));
  }
  if (of.empty()) return;
  const Tensor &on = of[0];
  launch("adamw", on, parts, keep.size(), threads, upload(rows, at::kLong, on).data_ptr<int64_t>(), upload(keep, at::kFloat, on).data_ptr<float>(),
         float(scale), float(rate / correct1), float(1 - beta1), float(1 - beta2), float(1 / std::sqrt(correct2)), float(epsilon));
}

Tensor invert(const Tensor &x, const Tensor &rows, const Tensor &shares) {
  Tensor drawn = at::empty({rows.numel(), 2}, shares.options());
  launch("invert", x, rows.numel(), 1, threads, of(x), rows.data_ptr<int64_t>(), shares.data_ptr<double>(), drawn.data_ptr<double>(), x.size(-1));
  return drawn;
}

void store(const Tensor &cache, const Tensor &x, const Tensor &slots, const Tensor &counts) {
  const int64_t groups = x.size(1), length = x.size(2), n = x.size(3);
  launch("store", x, x.size(0) * groups * length, 1, 64, of(cache), of(x), slots.data_ptr<int64_t>(), counts.data_ptr<int64_t>(), groups, length, cache.size(2), n);
}

Tensor attend(const Tensor &q, const Tensor &k, const Tensor &v, const Tensor &keys, const Tensor &values, const Tensor &slots, const Tensor &lengths) {
  const int64_t rows = q.size(0), heads = q.size(1), n = q.size(3), groups = k.size(1);
  const int width = std::max<int>(256, (n + 31) / 32 * 32); // whole warps, which have a thread for each dimension
  TORCH_CHECK(width <= 1024, "heads of ", n, " dimensions, of at most 1024");
  Tensor out = at::empty({rows, 1, heads * n}, q.options());
  launch("attend", q, heads, rows, width, of(q), of(k), of(v), of(keys), of(values), slots.data_ptr<int64_t>(), lengths.data_ptr<int64_t>(), of(out), groups,
         heads / groups, keys.size(2), n, float(1 / std::sqrt(double(n))));
  return out;
}

} // namespace lastmile::device
