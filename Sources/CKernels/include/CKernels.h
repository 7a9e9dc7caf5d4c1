// The CPU backend's kernels. Buffers are row-major; those that a kernel takes as `void` hold its `type`, others what they
// say. Whatever is stored, kernels compute in f32 and round once, to the nearest, ties to even. Every sum runs in an order
// that the sizes alone fix. A kernel over rows may be called on any range of them: rows never mix, except in the weight
// gradients and sums, which say so, and which may be called on any range of columns.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// How activations and their gradients are stored.
enum ck_type {
    CK_F32,
    CK_BF16,
    CK_F16,
};

/// Rows begin `stride` elements apart. y may not overlap x.
void ck_convert_rows(
    enum ck_type from, const void *x, size_t x_stride, enum ck_type to, void *y, size_t y_stride, size_t rows,
    size_t width);

/// Each row of x as whole numbers from −127 to 127, which times the row's scale, max |x| / 127, are near x. A row that is not
/// finite has NaN for its scale. `residual` may be null; else it is added to x first, and becomes what rounding took. Nothing
/// may overlap.
void ck_compress_rows(const float *x, float *residual, float *scales, int8_t *q, size_t rows, size_t width);
/// y = scale of the row · q
void ck_expand_rows(const float *scales, const int8_t *q, float *y, size_t rows, size_t width);

// Elementwise. Outputs may be an input itself, and may not overlap one otherwise.
void ck_add(enum ck_type type, const void *a, const void *b, void *y, size_t count);
/// y = a + factor · x
void ck_add_scaled(enum ck_type type, const void *a, const void *x, float factor, void *y, size_t count);
/// y = factor · x
void ck_scale(enum ck_type type, const void *x, float factor, void *y, size_t count);
/// y[row] = x[row] + bias; x may be null, which counts as zeros.
void ck_add_bias(enum ck_type type, const void *x, const float *bias, void *y, size_t rows, size_t width);

enum ck_activation {
    CK_GELU_TANH,
    CK_GELU_ERF,
    CK_RELU,
    CK_SILU,
    CK_TANH,
    CK_SIGMOID,
};
void ck_activate(enum ck_type type, enum ck_activation kind, const void *x, void *y, size_t count);
/// dx = dy · f′(x)
void ck_activate_backward(
    enum ck_type type, enum ck_activation kind, const void *x, const void *dy, void *dx, size_t count);
/// y = f(gate) · up
void ck_gate(
    enum ck_type type, enum ck_activation kind, const void *gate, const void *up, void *y, size_t count);
/// dgate = dy · up · f′(gate), dup = dy · f(gate); either may be dy.
void ck_gate_backward(
    enum ck_type type, enum ck_activation kind, const void *gate, const void *up, const void *dy, void *dgate,
    void *dup, size_t count);
/// y = cap · tanh(x / cap)
void ck_softcap(enum ck_type type, const void *x, float cap, void *y, size_t count);
/// dx = dy · (1 − tanh²(x / cap))
void ck_softcap_backward(
    enum ck_type type, const void *x, const void *dy, float cap, void *dx, size_t count);
void ck_exp(const float *x, float *y, size_t count);
void ck_erf(const float *x, float *y, size_t count);

// Normalisation over rows. statistics: [rows × 2], mean and 1/σ; or [rows], 1/rms. With `unit_offset` 1 is added to each
// weight.
void ck_layer_norm(
    enum ck_type type, const void *x, const float *weight, const float *bias, float epsilon, void *y,
    float *statistics, size_t rows, size_t width);
void ck_layer_norm_backward_input(
    enum ck_type type, const void *dy, const void *x, const float *weight, const float *statistics, void *dx,
    size_t rows, size_t width, int accumulate);
/// Adds to dweight and dbias (which may be null) in the order of the rows; rows begin `stride` elements apart.
void ck_layer_norm_backward_weight(
    enum ck_type type, const void *dy, const void *x, size_t stride, const float *statistics, float *dweight,
    float *dbias, size_t rows, size_t width);
void ck_rms_norm(
    enum ck_type type, const void *x, const float *weight, int unit_offset, float epsilon, void *y,
    float *statistics, size_t rows, size_t width);
void ck_rms_norm_backward_input(
    enum ck_type type, const void *dy, const void *x, const float *weight, int unit_offset,
    const float *statistics, void *dx, size_t rows, size_t width, int accumulate);
void ck_rms_norm_backward_weight(
    enum ck_type type, const void *dy, const void *x, size_t stride, const float *statistics, float *dweight,
    size_t rows, size_t width);

// Attention, on a block of query rows against `keys` keys. Rows of scores (q · k, not yet scaled), of dp and of what
// products read, in `type`, begin `stride` apart: a multiple of 16 that is no less than `keys`.
/// Which of a block's keys row i sees: under a causal mask (seen > 0) its first seen + i, all of them without one. Of
/// those the last `window` only, unless that is 0; the first `prefix` always.
struct ck_mask {
    size_t keys;
    size_t seen;
    size_t window;
    size_t prefix;
};
/// exponentials, which may be the scores, := e^(scale · score − row max), 0 where masked; inverse[row] = 1 / Σ;
/// log_sum_exp[row] = max + ln Σ.
void ck_softmax_rows(
    enum ck_type type, float *scores, void *exponentials, size_t stride, size_t rows, struct ck_mask mask, float scale,
    float *inverse, float *log_sum_exp);
/// y[row] = x[row] · factors[row]; x is dense.
void ck_scale_rows(
    enum ck_type type, const float *x, void *y, size_t y_stride, size_t rows, size_t width, const float *factors);
/// dots[row] = a[row] · b[row]
void ck_row_dots(
    enum ck_type type, const void *a, const void *b, size_t stride, size_t rows, size_t width, float *dots);
/// p := P = e^(scale · score − log_sum_exp), 0 where masked; ds := scale · P ∘ (dp − delta). p may be the scores, ds dp.
void ck_attention_backward_rows(
    enum ck_type type, const float *scores, const float *dp, void *p, void *ds, size_t stride, size_t rows,
    struct ck_mask mask, float scale, const float *log_sum_exp, const float *delta);
/// y[row] += x[row]
void ck_add_rows(const float *x, size_t x_stride, float *y, size_t y_stride, size_t rows, size_t width);

// Attention of one new position: a few rows of q against many keys, which are read where they lie.
/// scores[row, key] = q[row] · k[key], f32.
void ck_position_scores(
    enum ck_type type, const void *q, size_t q_stride, const void *k, size_t k_stride, float *scores, size_t stride,
    size_t rows, size_t keys, size_t width);
/// y[row] = Σ p[row, key] · v[key], f32[rows × width], over the keys in order.
void ck_position_mix(
    enum ck_type type, const float *p, size_t p_stride, const void *v, size_t v_stride, float *y, size_t rows,
    size_t keys, size_t width);

// What happens to q and k before they meet. x: rows of `heads` heads side by side, `head_width` numbers each; rows begin
// `stride` apart.
/// y = x over the root of each head's mean square, times weight + offset; statistics: 1/rms of each head, rows
/// `statistics_stride` apart. y may be x.
void ck_head_norm(
    enum ck_type type, const void *x, void *y, size_t stride, size_t rows, size_t heads, size_t head_width,
    const float *weight, float offset, float epsilon, float *statistics, size_t statistics_stride);
/// dx = the gradient of x; it may be dy.
void ck_head_norm_backward_input(
    enum ck_type type, const void *dy, const void *x, void *dx, size_t stride, size_t rows, size_t heads,
    size_t head_width, const float *weight, float offset, const float *statistics, size_t statistics_stride);
/// dweight[first ..< first + width] += …, over rows and then heads in order.
void ck_head_norm_backward_weight(
    enum ck_type type, const void *dy, const void *x, size_t stride, size_t rows, size_t heads, size_t head_width,
    const float *statistics, size_t statistics_stride, float *dweight, size_t first, size_t width);
/// The pairs of one plane, which begins with a head's number `first`: (i, i + pairs), or neighbours. `sign` is −1 for
/// gradients.
struct ck_rotation {
    const float *frequencies;
    size_t pairs;
    size_t first;
    float amplitude;
    float sign;
    int neighbours;
};
/// Turns row r of every sample by positions[r], or by position start + r where there are none. Samples begin
/// `sample_stride` apart, their positions `position_stride`.
void ck_rotate(
    enum ck_type type, void *x, size_t stride, size_t rows, size_t heads, size_t head_width, size_t samples,
    size_t sample_stride, const int32_t *positions, size_t position_stride, int64_t start, struct ck_rotation rotation);
/// cos and sin of each angle, rounded to f32: of angles below 10⁷.
void ck_cos_sin(const float *angles, float *cosines, float *sines, size_t count);

// Small products over f32.
/// c[m × n] (+)= a[m × k] · b[k × n]. Element (i, p) of a is a[i · a_row + p · a_column]; rows of b and c begin b_row and
/// c_row apart. Each sum runs over k in order.
void ck_small_product(
    const float *a, size_t a_row, size_t a_column, const float *b, size_t b_row, float *c, size_t c_row, size_t m,
    size_t n, size_t k, int accumulate);
/// y[columns × rows] = xᵀ of x[rows × columns]; rows of x and y begin x_row and y_row apart.
void ck_transpose(const float *x, size_t x_row, float *y, size_t y_row, size_t rows, size_t columns);

// Embedding. ids: [rows]; row r stands at position r mod sequence. `position` and `dposition` may be null. `scale`
// multiplies the tokens' vectors, and their gradients. `token` and `dtoken` hold `own` rows, of ids from `first` on; of
// others y is 0.
void ck_embedding(
    enum ck_type type, const int32_t *ids, const float *token, int64_t first, int64_t own, const float *position,
    float scale, void *y, size_t rows, size_t sequence, size_t width);
/// Adds in the order of the ids.
void ck_embedding_backward(
    enum ck_type type, const int32_t *ids, const void *dy, float *dtoken, int64_t first, int64_t own, float *dposition,
    float scale, size_t rows, size_t sequence, size_t width);
/// The first index whose value is outside 0 ..< limit and not `ignored`; −1 if there is none.
ptrdiff_t ck_first_outside(const int32_t *values, size_t count, int64_t limit, int64_t ignored);

// Losses: the prediction becomes its gradient times `scale` over the normaliser (all zero if that is 0). Row losses are
// neither scaled nor divided.
void ck_cross_entropy(
    enum ck_type type, void *logits, const int32_t *targets, int64_t ignored, int64_t normaliser, double scale,
    float *row_losses, size_t rows, size_t classes);
void ck_mean_squared_error(
    enum ck_type type, void *prediction, const float *targets, int64_t normaliser, double scale, float *row_losses,
    size_t rows, size_t width);

// Reductions
double ck_sum(enum ck_type type, const void *x, size_t count);
double ck_sum_of_squares(enum ck_type type, const void *x, size_t count);
/// out += Σ rows of x, in the order of the rows; rows begin `stride` elements apart.
void ck_sum_rows(enum ck_type type, const void *x, size_t stride, float *out, size_t rows, size_t width);

// Random numbers: Philox 4×32-10. Element e of a sample takes word (e mod 64) / 16 of block 16·(e / 64) + e mod 16.
struct ck_random_key {
    uint64_t seed;
    uint32_t sample;
    uint32_t layer;
    uint32_t step;
};
void ck_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t words[4]);
void ck_fill_constant(enum ck_type type, void *x, size_t count, float value);
void ck_fill_uniform(enum ck_type type, void *x, size_t count, float low, float high, struct ck_random_key key);
void ck_fill_normal(
    enum ck_type type, void *x, size_t count, float mean, float deviation, struct ck_random_key key);
/// y = x / (1 − p) where the element's word is at least p · 2³², else 0; for one sample.
void ck_dropout(
    enum ck_type type, const void *x, void *y, size_t count, double probability, struct ck_random_key key);

// Optimizers, over f32. Factors are computed in f64 by the caller. `working`, which may be null, takes the new weights
// rounded to `type`.
struct ck_adam_step {
    float gradient_scale;
    float decay;             // decoupled: 1 − lr · weight decay; multiplies p first
    float coupled_decay;     // coupled: weight decay; adds decay · p to the gradient
    float one_minus_beta1;
    float beta2;
    float one_minus_beta2;
    float sqrt_correction2;  // √(1 − β₂ᵗ)
    float epsilon;
    float step_size;         // lr / (1 − β₁ᵗ)
};
void ck_adam(
    float *p, const float *gradient, float *m, float *v, enum ck_type type, void *working, size_t count,
    struct ck_adam_step step);

struct ck_sgd_step {
    float gradient_scale;
    float weight_decay;
    float momentum;
    float one_minus_dampening;
    float learning_rate;
    int nesterov;
    int first;
};
/// `momentum` may be null.
void ck_sgd(
    float *p, const float *gradient, float *momentum, enum ck_type type, void *working, size_t count,
    struct ck_sgd_step step);

// The machine
enum ck_feature {
    CK_AVX2 = 1 << 0,
    CK_FMA = 1 << 1,
    CK_AVX512F = 1 << 2,
    CK_AVX512DQ = 1 << 3,
    CK_AVX512BW = 1 << 4,
    CK_AVX512VL = 1 << 5,
    CK_AVX512CD = 1 << 6,
    CK_AVX512BF16 = 1 << 7,
    CK_AVX512VNNI = 1 << 8,
};
/// What both the processor and the operating system support: bits of ck_feature.
uint32_t ck_cpu_features(void);
/// The processor's own name, or an empty string.
void ck_cpu_name(char name[49]);
int ck_cpu_is_intel(void);
/// Keeps every thread of the process, and those they will start, on these cores. 0, or an errno.
int ck_pin_to_cores(const int32_t *cores, size_t count);
/// Keeps the calling thread on these cores. 0, or an errno.
int ck_pin_thread_to_cores(const int32_t *cores, size_t count);
/// The cores the calling thread may use, ascending; returns how many there are, at most `capacity` are written.
size_t ck_allowed_cores(int32_t *cores, size_t capacity);

#include "ShardKernels.h"

#ifdef __cplusplus
}
#endif
