// The loops of kernels.h on a CUDA device, for float. NVRTC compiles them when
// a session opens the device. Sums have an order of their own that depends on
// nothing but the shape, so that the same input gives the same bits.
typedef long long i64;
typedef unsigned long long u64;

// total is x summed over the threads of a block, in each of them.
template <typename T> __device__ T total(T x) {
  __shared__ T warps[32];
  for (int lane = 16; lane > 0; lane /= 2) x += __shfl_xor_sync(0xffffffffu, x, lane);
  __syncthreads(); // of an earlier call
  if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = x;
  __syncthreads();
  x = 0;
  for (int warp = 0; warp < blockDim.x / 32; warp++) x += warps[warp];
  return x;
}

// largest is the maximum of x over the threads of a block, in each of them.
__device__ float largest(float x) {
  __shared__ float warps[32];
  for (int lane = 16; lane > 0; lane /= 2) x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, lane));
  __syncthreads();
  if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = x;
  __syncthreads();
  for (int warp = 0; warp < blockDim.x / 32; warp++) x = fmaxf(x, warps[warp]);
  return x;
}

#define NOTHING __int_as_float(0xff800000) // minus infinity
#define EACH(i, count) for (i64 i = blockIdx.x * (i64)blockDim.x + threadIdx.x; i < count; i += gridDim.x * (i64)blockDim.x)

extern "C" {

// A block a row of x [rows, n].
__global__ void rms_norm(const float *x, const float *w, float *y, float *r, i64 n, float eps) {
  const i64 at = blockIdx.x * n;
  float sum = 0;
  for (i64 i = threadIdx.x; i < n; i += blockDim.x) sum += x[at + i] * x[at + i];
  const float root = 1 / sqrtf(total(sum) / n + eps);
  for (i64 i = threadIdx.x; i < n; i += blockDim.x) y[at + i] = x[at + i] * root * w[i];
  if (threadIdx.x == 0) r[blockIdx.x] = root;
}

__global__ void rms_norm_backward(const float *g, const float *x, const float *w, const float *r, float *dx, i64 n) {
  const i64 at = blockIdx.x * n;
  const float root = r[blockIdx.x];
  float dot = 0;
  for (i64 i = threadIdx.x; i < n; i += blockDim.x) dot += g[at + i] * w[i] * x[at + i];
  const float pull = total(dot) * root * root / n;
  for (i64 i = threadIdx.x; i < n; i += blockDim.x) dx[at + i] = root * (g[at + i] * w[i] - x[at + i] * pull);
}

// The weight's gradient in parts: blockIdx.y sums its share of the rows, for a
// column a thread, into parts [gridDim.y, n].
__global__ void rms_norm_weight(const float *g, const float *x, const float *r, float *parts, i64 rows, i64 n) {
  const i64 column = blockIdx.x * (i64)blockDim.x + threadIdx.x;
  if (column >= n) return;
  float sum = 0;
  const i64 end = rows * (blockIdx.y + 1) / gridDim.y;
  for (i64 row = rows * blockIdx.y / gridDim.y; row < end; row++) sum += g[row * n + column] * x[row * n + column] * r[row];
  parts[blockIdx.y * n + column] = sum;
}

__global__ void swiglu(const float *gate, const float *up, float *y, i64 count) {
  EACH(i, count) y[i] = gate[i] / (1 + expf(-gate[i])) * up[i];
}

__global__ void swiglu_backward(const float *g, const float *gate, const float *up, float *dgate, float *dup, i64 count) {
  EACH(i, count) {
    const float x = gate[i], s = 1 / (1 + expf(-x));
    dup[i] = g[i] * x * s;
    dgate[i] = g[i] * up[i] * s * (1 + x * (1 - s));
  }
}

// A block a token of x [rows, length, heads, n], to y [rows, heads, length, n].
__global__ void rotate(const float *x, const float *cos, const float *sin, float *y, i64 length, i64 heads, i64 n, i64 shared) {
  const i64 token = blockIdx.x, row = token / length, at = token % length, angle = (shared ? at : token) * n, half = n / 2;
  for (i64 i = threadIdx.x; i < heads * n; i += blockDim.x) {
    const i64 head = i / n, d = i % n, other = d < half ? d + half : d - half;
    const float *from = x + (token * heads + head) * n;
    y[((row * heads + head) * length + at) * n + d] = from[d] * cos[angle + d] + from[other] * sin[angle + d];
  }
}

__global__ void rotate_backward(const float *g, const float *cos, const float *sin, float *dx, i64 length, i64 heads, i64 n, i64 shared) {
  const i64 token = blockIdx.x, row = token / length, at = token % length, angle = (shared ? at : token) * n, half = n / 2;
  for (i64 i = threadIdx.x; i < heads * n; i += blockDim.x) {
    const i64 head = i / n, d = i % n, other = d < half ? d + half : d - half;
    const float *from = g + ((row * heads + head) * length + at) * n;
    dx[(token * heads + head) * n + d] = from[d] * cos[angle + d] + from[other] * sin[angle + other];
  }
}

// A block a row of x [rows, groups, share * length, columns], which becomes
// softmax(scale x + mask). The mask is [masks, length, columns], or null.
__global__ void softmax(float *x, const float *mask, i64 masks, i64 groups, i64 share, i64 length, i64 columns, float scale) {
  const i64 query = blockIdx.x % length, row = blockIdx.x / (groups * share * length);
  float *of = x + blockIdx.x * columns;
  const float *add = mask ? mask + ((masks == 1 ? 0 : row) * length + query) * columns : 0;
  float most = NOTHING;
  for (i64 i = threadIdx.x; i < columns; i += blockDim.x) {
    of[i] = of[i] * scale + (add ? add[i] : 0);
    most = fmaxf(most, of[i]);
  }
  most = largest(most);
  float sum = 0;
  for (i64 i = threadIdx.x; i < columns; i += blockDim.x) sum += of[i] = expf(of[i] - most);
  const float by = 1 / total(sum);
  for (i64 i = threadIdx.x; i < columns; i += blockDim.x) of[i] *= by;
}

// A block a row of p [.., columns]: g becomes the gradient of x from that of p =
// softmax(scale x).
__global__ void softmax_backward(const float *p, float *g, i64 columns, float scale) {
  const i64 at = blockIdx.x * columns;
  float dot = 0;
  for (i64 i = threadIdx.x; i < columns; i += blockDim.x) dot += p[at + i] * g[at + i];
  dot = total(dot);
  for (i64 i = threadIdx.x; i < columns; i += blockDim.x) g[at + i] = scale * p[at + i] * (g[at + i] - dot);
}

__global__ void dropout(const float *x, float *y, u64 below, float scale, u64 key, i64 count) {
  EACH(i, count) {
    u64 z = key + (u64)(i + 1) * 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    y[i] = (z ^ (z >> 31)) < below ? 0 : x[i] * scale;
  }
}

// Tensors come in a table, a row each: their addresses and their number of
// elements. blockIdx.y is a row of it.

// Each block's share of the sum of squares, sums [gridDim.y, gridDim.x]; a row of
// the table is {x, elements}.
__global__ void squares(const i64 *table, double *sums) {
  const i64 *row = table + blockIdx.y * 2;
  const float *x = (const float *)row[0];
  double sum = 0;
  EACH(i, row[1]) sum += (double)x[i] * x[i];
  sum = total(sum);
  if (threadIdx.x == 0) sums[blockIdx.y * gridDim.x + blockIdx.x] = sum;
}

// A row of the table is {parameter, gradient, first, second, elements}; keep is
// what each parameter's decay leaves.
__global__ void adamw(const i64 *table, const float *keep, float by, float step, float move1, float move2, float root, float small) {
  const i64 *row = table + blockIdx.y * 5;
  float *p = (float *)row[0], *g = (float *)row[1], *first = (float *)row[2], *second = (float *)row[3];
  EACH(i, row[4]) {
    const float d = g[i] * by;
    const float m = first[i] + (d - first[i]) * move1, v = second[i] + (d * d - second[i]) * move2;
    first[i] = m;
    second[i] = v;
    p[i] = p[i] * keep[blockIdx.y] - step * m / (sqrtf(v) * root + small);
    g[i] = 0;
  }
}

// A block a draw: the first of the n weights in a row of x at which their running
// sum passes a share of their total, and that weight, to drawn [draws, 2]. A
// thread sums up its part.
__global__ void invert(const float *x, const i64 *rows, const double *shares, double *drawn, i64 n) {
  __shared__ double sums[1024];
  const float *of = x + rows[blockIdx.x] * n;
  const i64 part = (n + blockDim.x - 1) / blockDim.x, begin = threadIdx.x * part, end = begin + part < n ? begin + part : n;
  double sum = 0;
  for (i64 i = begin; i < end; i++) sum += of[i];
  sums[threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.x > 0) return;
  double all = 0, before = 0;
  for (int i = 0; i < blockDim.x; i++) all += sums[i];
  const double passed = shares[blockIdx.x] * all;
  int here = 0;
  while (here < blockDim.x - 1 && before + sums[here] <= passed) before += sums[here++];
  i64 at = here * part < n ? here * part : n - 1;
  for (; at < n - 1; at++)
    if ((before += of[at]) > passed) break;
  drawn[blockIdx.x * 2] = (double)at;
  drawn[blockIdx.x * 2 + 1] = of[at];
}

// A block a token of a group of x [rows, groups, length, n]: the first counts of
// a row go to the start of its slot of cache [slots, groups, capacity, n].
__global__ void store(float *cache, const float *x, const i64 *slots, const i64 *counts, i64 groups, i64 length, i64 capacity, i64 n) {
  const i64 at = blockIdx.x % length, group = blockIdx.x / length % groups, row = blockIdx.x / (length * groups);
  if (at >= counts[row]) return;
  for (i64 i = threadIdx.x; i < n; i += blockDim.x) cache[((slots[row] * groups + group) * capacity + at) * n + i] = x[blockIdx.x * n + i];
}

// A block a head, blockIdx.x, of a row, blockIdx.y, of q [rows, heads, 1, n]: its
// attention to its slot's keys and values, behind which the row's new ones, k and
// v [rows, groups, 1, n], come. Columns are taken in tiles, with the softmax of
// all so far (Milakov and Gimelshein 2018). A tile's values are added up by as
// many threads a dimension as there are. n is at most blockDim.x.
__global__ void attend(const float *q, const float *k, const float *v, float *keys, float *values, const i64 *slots, const i64 *lengths, float *out,
                       i64 groups, i64 share, i64 capacity, i64 n, float scale) {
  const int tile = 256;
  __shared__ float weights[tile], part[1024];
  const i64 head = blockIdx.x, row = blockIdx.y, heads = groups * share, group = head / share, length = lengths[row];
  const i64 at = (slots[row] * groups + group) * capacity * n, newest = (row * groups + group) * n;
  const float *query = q + (row * heads + head) * n, *key = keys + at, *value = values + at;
  if (head % share == 0) {
    // The other heads of the group take these from k and v.
    for (i64 i = threadIdx.x; i < n; i += blockDim.x) {
      keys[at + length * n + i] = k[newest + i];
      values[at + length * n + i] = v[newest + i];
    }
  }
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, warps = blockDim.x / 32;
  const int lanes = blockDim.x / n, mine = threadIdx.x / n; // of the threads that share a dimension
  const i64 d = threadIdx.x % n;
  float most = NOTHING, sum = 0, reached = 0;
  for (i64 start = 0; start <= length; start += tile) {
    const int columns = (int)(length + 1 - start < tile ? length + 1 - start : tile);
    for (int c = warp; c < columns; c += warps) {
      const float *other = start + c == length ? k + newest : key + (start + c) * n;
      float dot = 0;
      for (i64 i = lane; i < n; i += 32) dot += query[i] * other[i];
      for (int step = 16; step > 0; step /= 2) dot += __shfl_xor_sync(0xffffffffu, dot, step);
      if (lane == 0) weights[c] = dot * scale;
    }
    __syncthreads();
    float here = NOTHING;
    for (int c = threadIdx.x; c < columns; c += blockDim.x) here = fmaxf(here, weights[c]);
    here = fmaxf(most, largest(here));
    float added = 0;
    for (int c = threadIdx.x; c < columns; c += blockDim.x) added += weights[c] = expf(weights[c] - here);
    const float before = expf(most - here);
    sum = sum * before + total(added); // whose barrier the weights need too
    reached *= before;
    most = here;
    if (mine < lanes)
      for (int c = mine; c < columns; c += lanes) reached += weights[c] * (start + c == length ? v[newest + d] : value[(start + c) * n + d]);
    __syncthreads(); // before the next tile's weights
  }
  part[threadIdx.x] = reached;
  __syncthreads();
  if (mine > 0) return;
  for (int i = 1; i < lanes; i++) reached += part[i * n + d];
  out[(row * heads + head) * n + d] = reached / sum;
}

} // extern "C"
