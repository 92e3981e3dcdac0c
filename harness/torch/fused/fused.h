// The operations of fused.cpp for C. A tensor is a pointer to an at::Tensor,
// as gotch's libtch has it; what is returned belongs to the caller. Where an
// operation fails it returns null, or false, and lastmile_error says why.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

void lastmile_deterministic(void);

char *lastmile_error(void); // to be freed; null where nothing failed

// Compiles kernels.cu for a CUDA device, before its tensors come.
bool lastmile_open(const char *source, int device);

void *lastmile_rms_norm(void *x, void *weight, double eps);
void *lastmile_swiglu(void *gate, void *up);
void *lastmile_lora_linear(void *x, void *weight, void *bias, void *a, void *b, double scale);
void *lastmile_rotary(void *x, void *cos, void *sin);
void *lastmile_attention(void *q, void *k, void *v, void *mask, double scale, double most);
// plain: by libtorch's own operations, for any device and type.
void *lastmile_token_logprobs(void *hidden, void *weight, void *targets, double temperature, double most, bool plain);
void *lastmile_dropout(void *x, double drop, uint64_t key);
void *lastmile_linear(void *x, void *weight);
void *lastmile_attend(void *q, void *k, void *v, void *keys, void *values,
                      const int64_t *slots, const int64_t *lengths, int64_t rows, int64_t window, double most);
bool lastmile_store(void *cache, void *x, const int64_t *slots, const int64_t *counts, int64_t rows);
// The same, without window and bound, on a device, with slots and lengths or counts there too. The caller
// makes sure that the cache has the slots and the room.
void *lastmile_attend_on(void *q, void *k, void *v, void *keys, void *values, void *slots, void *lengths);
bool lastmile_store_on(void *cache, void *x, void *slots, void *counts);
double lastmile_squares(void **all, int64_t count);
// A step on count parameters: {parameter, gradient, first, second} of each.
bool lastmile_adamw(void **tensors, const double *decays, int64_t count,
                    double scale, double rate, double beta1, double beta2,
                    double epsilon, double correct1, double correct2);
void *lastmile_invert(void *x, void *rows, void *shares);

#ifdef __cplusplus
}
#endif
