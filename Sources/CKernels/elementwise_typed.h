// Elementwise kernels for one storage type: see every_type.h.

static KERNEL void TYPED(add)(const ELEMENT *a, const ELEMENT *b, ELEMENT *y, size_t count) {
    for (size_t i = 0; i < count; i += LANES) {
        f32v p, q;
        TYPED(load)(&p, a + i, count - i, 0);
        TYPED(load)(&q, b + i, count - i, 0);
        p = p + q;
        TYPED(store)(y + i, &p, count - i);
    }
}

static KERNEL void TYPED(add_scaled)(
    const ELEMENT *a, const ELEMENT *x, float factor, ELEMENT *y, size_t count
) {
    for (size_t i = 0; i < count; i += LANES) {
        f32v p, q;
        TYPED(load)(&p, a + i, count - i, 0);
        TYPED(load)(&q, x + i, count - i, 0);
        p = p + factor * q;
        TYPED(store)(y + i, &p, count - i);
    }
}

static KERNEL void TYPED(scale)(const ELEMENT *x, float factor, ELEMENT *y, size_t count) {
    for (size_t i = 0; i < count; i += LANES) {
        f32v p;
        TYPED(load)(&p, x + i, count - i, 0);
        p = factor * p;
        TYPED(store)(y + i, &p, count - i);
    }
}

static KERNEL void TYPED(softcap)(const ELEMENT *x, float cap, ELEMENT *y, size_t count) {
    for (size_t i = 0; i < count; i += LANES) {
        f32v v;
        TYPED(load)(&v, x + i, count - i, 0);
        v = v / cap;
        vector_tanh(&v);
        v = v * cap;
        TYPED(store)(y + i, &v, count - i);
    }
}

static KERNEL void TYPED(softcap_backward)(
    const ELEMENT *x, const ELEMENT *dy, float cap, ELEMENT *dx, size_t count
) {
    for (size_t i = 0; i < count; i += LANES) {
        f32v v, d;
        TYPED(load)(&v, x + i, count - i, 0);
        TYPED(load)(&d, dy + i, count - i, 0);
        v = v / cap;
        tanh_slope(&v);
        d = d * v;
        TYPED(store)(dx + i, &d, count - i);
    }
}

static KERNEL void TYPED(add_bias)(const ELEMENT *x, const float *bias, ELEMENT *y, size_t rows, size_t width) {
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = 0; i < width; i += LANES) {
            f32v p = 0, q;
            if (x) TYPED(load)(&p, x + row * width + i, width - i, 0);
            load_f32(&q, bias + i, width - i, 0);
            p = p + q;
            TYPED(store)(y + row * width + i, &p, width - i);
        }
    }
}

#define MAP(f)                                    \
    for (size_t i = 0; i < count; i += LANES) {   \
        f32v v;                                   \
        TYPED(load)(&v, x + i, count - i, 0);     \
        f(&v);                                    \
        TYPED(store)(y + i, &v, count - i);       \
    }                                             \
    break;

static KERNEL void TYPED(activate)(int kind, const ELEMENT *x, ELEMENT *y, size_t count) {
    switch (kind) {
    case CK_GELU_TANH: MAP(gelu_tanh)
    case CK_GELU_ERF: MAP(gelu_erf)
    case CK_RELU: MAP(relu)
    case CK_SILU: MAP(silu)
    case CK_TANH: MAP(vector_tanh)
    case CK_SIGMOID: MAP(vector_sigmoid)
    }
}

#define MAP_SLOPE(f)                              \
    for (size_t i = 0; i < count; i += LANES) {   \
        f32v v, d;                                \
        TYPED(load)(&v, x + i, count - i, 0);     \
        TYPED(load)(&d, dy + i, count - i, 0);    \
        f(&v);                                    \
        d = d * v;                                \
        TYPED(store)(dx + i, &d, count - i);      \
    }                                             \
    break;

static KERNEL void TYPED(activate_backward)(
    int kind, const ELEMENT *x, const ELEMENT *dy, ELEMENT *dx, size_t count
) {
    switch (kind) {
    case CK_GELU_TANH: MAP_SLOPE(gelu_tanh_slope)
    case CK_GELU_ERF: MAP_SLOPE(gelu_erf_slope)
    case CK_RELU: MAP_SLOPE(relu_slope)
    case CK_SILU: MAP_SLOPE(silu_slope)
    case CK_TANH: MAP_SLOPE(tanh_slope)
    case CK_SIGMOID: MAP_SLOPE(sigmoid_slope)
    }
}

#define MAP_GATE(f)                               \
    for (size_t i = 0; i < count; i += LANES) {   \
        f32v v, u;                                \
        TYPED(load)(&v, gate + i, count - i, 0);  \
        TYPED(load)(&u, up + i, count - i, 0);    \
        f(&v);                                    \
        v = v * u;                                \
        TYPED(store)(y + i, &v, count - i);       \
    }                                             \
    break;

static KERNEL void TYPED(gate)(int kind, const ELEMENT *gate, const ELEMENT *up, ELEMENT *y, size_t count) {
    switch (kind) {
    case CK_GELU_TANH: MAP_GATE(gelu_tanh)
    case CK_GELU_ERF: MAP_GATE(gelu_erf)
    case CK_RELU: MAP_GATE(relu)
    case CK_SILU: MAP_GATE(silu)
    case CK_TANH: MAP_GATE(vector_tanh)
    case CK_SIGMOID: MAP_GATE(vector_sigmoid)
    }
}

#define MAP_GATE_SLOPE(f, slope)                  \
    for (size_t i = 0; i < count; i += LANES) {   \
        f32v v, s, u, d;                          \
        TYPED(load)(&v, gate + i, count - i, 0);  \
        TYPED(load)(&u, up + i, count - i, 0);    \
        TYPED(load)(&d, dy + i, count - i, 0);    \
        s = v;                                    \
        f(&v);                                    \
        slope(&s);                                \
        v = d * v;                                \
        s = (d * u) * s;                          \
        TYPED(store)(dup + i, &v, count - i);     \
        TYPED(store)(dgate + i, &s, count - i);   \
    }                                             \
    break;

static KERNEL void TYPED(gate_backward)(
    int kind, const ELEMENT *gate, const ELEMENT *up, const ELEMENT *dy, ELEMENT *dgate, ELEMENT *dup, size_t count
) {
    switch (kind) {
    case CK_GELU_TANH: MAP_GATE_SLOPE(gelu_tanh, gelu_tanh_slope)
    case CK_GELU_ERF: MAP_GATE_SLOPE(gelu_erf, gelu_erf_slope)
    case CK_RELU: MAP_GATE_SLOPE(relu, relu_slope)
    case CK_SILU: MAP_GATE_SLOPE(silu, silu_slope)
    case CK_TANH: MAP_GATE_SLOPE(vector_tanh, tanh_slope)
    case CK_SIGMOID: MAP_GATE_SLOPE(vector_sigmoid, sigmoid_slope)
    }
}

#undef MAP
#undef MAP_SLOPE
#undef MAP_GATE
#undef MAP_GATE_SLOPE
