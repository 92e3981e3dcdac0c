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

void *lastmile_rms_norm(void *x, void *weight, double eps);
void *lastmile_swiglu(void *gate, void *up);
void *lastmile_lora_linear(void *x, void *weight, void *bias, void *a, void *b, double scale);
void *lastmile_rotary(void *x, void *cos, void *sin);
void *lastmile_attention(void *q, void *k, void *v, void *mask, double scale);
void *lastmile_token_logprobs(void *hidden, void *weight, void *targets, double temperature);
void *lastmile_dropout(void *x, double drop, uint64_t key);
void *lastmile_linear(void *x, void *weight);
void *lastmile_attend(void *q, void *k, void *v, void *keys, void *values,
                      const int64_t *slots, const int64_t *lengths);
bool lastmile_store(void *cache, void *x, const int64_t *slots, const int64_t *counts);
double lastmile_squares(void *x);
bool lastmile_adamw(void *parameter, void *gradient, void *first, void *second,
                    double scale, double rate, double beta1, double beta2,
                    double epsilon, double decay, double correct1, double correct2);

#ifdef __cplusplus
}
#endif
