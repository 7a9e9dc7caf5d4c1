// Matrix products by oneDNN. Its C API differs between 2.x (Debian 12) and 3.x (Debian 13): descriptors are structures in
// one and handles in the other. These wrappers hide that, and keep a prepared product together with its arguments.
#pragma once
#include <dnnl.h>
#include <stdint.h>

/// OpenMP's runtime, which runs oneDNN's threads: <omp.h> belongs to a compiler, and not every compiler brings one. What a
/// compiler makes of a parallel region is a call of GOMP_parallel, which LLVM's runtime has as well.
void omp_set_num_threads(int count);
int omp_get_thread_num(void);
int omp_get_num_threads(void);
void GOMP_parallel(void (*body)(void *), void *context, unsigned threads, unsigned flags);

/// What each thread of a parallel region runs: thread `thread` of `threads`.
struct od_task {
    void (*run)(void *context, int thread, int threads);
    void *context;
};

static inline void od_enter(void *task) {
    const struct od_task *t = task;
    t->run(t->context, omp_get_thread_num(), omp_get_num_threads());
}

/// Runs the task on as many threads, this one among them, or on fewer where there are fewer; returns when all are done.
static inline void od_parallel(int threads, struct od_task task) { GOMP_parallel(od_enter, &task, threads, 0); }

/// c[m × n] = op(a)[m × k] · op(b)[k × n] + bias[n]? + addend? over row-major matrices.
struct od_shape {
    int64_t m, n, k;
    int64_t a_stride, b_stride, c_stride;  // elements from one row, as it is stored, to the next
    int transpose_a;  // a is stored [k × m]
    int transpose_b;  // b is stored [n × k]
    int has_bias;     // f32
    int has_addend;   // [m × n], of c's type and stride
    int accumulate;   // c += …
    dnnl_data_type_t type;    // of a and b
    dnnl_data_type_t c_type;
};

struct od_engine {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    int threads;
};

/// A product of one shape, ready to run on any addresses.
struct od_product {
    dnnl_primitive_t primitive;
    dnnl_memory_t a, b, bias, addend, c, scratch;
    size_t scratch_bytes;
    int addend_argument;
};

#if DNNL_VERSION_MAJOR >= 3
typedef dnnl_memory_desc_t od_layout;
typedef const_dnnl_memory_desc_t od_layout_in;
#define OD_IN(layout) (layout)
#else
typedef dnnl_memory_desc_t od_layout;
typedef const dnnl_memory_desc_t *od_layout_in;
#define OD_IN(layout) (&(layout))
#endif

#define OD_TRY(call)                                 \
    do {                                             \
        dnnl_status_t od_status = (call);            \
        if (od_status != dnnl_success) return od_status; \
    } while (0)

static inline dnnl_status_t od_engine_create(struct od_engine *engine, int threads) {
    engine->threads = threads;
    OD_TRY(dnnl_engine_create(&engine->engine, dnnl_cpu, 0));
    dnnl_status_t status = dnnl_stream_create(&engine->stream, engine->engine, dnnl_stream_default_flags);
    if (status != dnnl_success) dnnl_engine_destroy(engine->engine);
    return status;
}

static inline void od_engine_destroy(struct od_engine *engine) {
    dnnl_stream_destroy(engine->stream);
    dnnl_engine_destroy(engine->engine);
}

static inline dnnl_status_t od_layout_create(
    od_layout *layout, int64_t rows, int64_t columns, int transposed, int64_t stride, dnnl_data_type_t type
) {
    dnnl_dims_t dims = {rows, columns};
    dnnl_dims_t strides = {transposed ? 1 : stride, transposed ? stride : 1};
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_memory_desc_create_with_strides(layout, 2, dims, type, strides);
#else
    return dnnl_memory_desc_init_by_strides(layout, 2, dims, type, strides);
#endif
}

static inline void od_layout_destroy(od_layout *layout) {
#if DNNL_VERSION_MAJOR >= 3
    dnnl_memory_desc_destroy(*layout);
#else
    (void)layout;
#endif
}

/// The layouts of one product.
struct od_layouts {
    od_layout a, b, bias, c;
};

static inline dnnl_status_t od_layouts_create(struct od_layouts *layouts, const struct od_shape *s) {
    OD_TRY(od_layout_create(&layouts->a, s->m, s->k, s->transpose_a, s->a_stride, s->type));
    OD_TRY(od_layout_create(&layouts->b, s->k, s->n, s->transpose_b, s->b_stride, s->type));
    OD_TRY(od_layout_create(&layouts->bias, 1, s->n, 0, s->n, dnnl_f32));
    return od_layout_create(&layouts->c, s->m, s->n, 0, s->c_stride, s->c_type);
}

static inline void od_layouts_destroy(struct od_layouts *layouts) {
    od_layout_destroy(&layouts->a);
    od_layout_destroy(&layouts->b);
    od_layout_destroy(&layouts->bias);
    od_layout_destroy(&layouts->c);
}

/// What is added to the product before it is rounded to c's type, and who owns the scratch.
static inline dnnl_status_t od_attributes_create(
    dnnl_primitive_attr_t *attributes, const struct od_layouts *layouts, const struct od_shape *s
) {
    dnnl_post_ops_t after;
    OD_TRY(dnnl_primitive_attr_create(attributes));
    OD_TRY(dnnl_primitive_attr_set_scratchpad_mode(*attributes, dnnl_scratchpad_mode_user));
    OD_TRY(dnnl_post_ops_create(&after));
#if DNNL_VERSION_MAJOR >= 3
    if (s->accumulate) dnnl_post_ops_append_sum(after, 1, 0, s->c_type);
#else
    if (s->accumulate) dnnl_post_ops_append_sum(after, 1);
#endif
    if (s->has_addend) dnnl_post_ops_append_binary(after, dnnl_binary_add, OD_IN(layouts->c));
    dnnl_status_t status = dnnl_primitive_attr_set_post_ops(*attributes, after);
    dnnl_post_ops_destroy(after);
    return status;
}

static inline dnnl_status_t od_description_create(
    dnnl_primitive_desc_t *description, const struct od_engine *engine, const struct od_layouts *layouts,
    dnnl_primitive_attr_t attributes, const struct od_shape *s
) {
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_matmul_primitive_desc_create(
        description, engine->engine, layouts->a, layouts->b, s->has_bias ? layouts->bias : 0, layouts->c, attributes);
#else
    dnnl_matmul_desc_t operation;
    OD_TRY(dnnl_matmul_desc_init(
        &operation, &layouts->a, &layouts->b, s->has_bias ? &layouts->bias : 0, &layouts->c));
    return dnnl_primitive_desc_create(description, &operation, attributes, engine->engine, 0);
#endif
}

static inline dnnl_status_t od_arguments_create(
    struct od_product *product, const struct od_engine *engine, const struct od_layouts *layouts,
    const_dnnl_primitive_desc_t description, const struct od_shape *s
) {
    od_layout_in scratch = dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0);
    product->addend_argument = DNNL_ARG_ATTR_MULTIPLE_POST_OP(s->accumulate ? 1 : 0) | DNNL_ARG_SRC_1;
    product->scratch_bytes = dnnl_memory_desc_get_size(scratch);
    OD_TRY(dnnl_memory_create(&product->a, OD_IN(layouts->a), engine->engine, DNNL_MEMORY_NONE));
    OD_TRY(dnnl_memory_create(&product->b, OD_IN(layouts->b), engine->engine, DNNL_MEMORY_NONE));
    OD_TRY(dnnl_memory_create(&product->bias, OD_IN(layouts->bias), engine->engine, DNNL_MEMORY_NONE));
    OD_TRY(dnnl_memory_create(&product->addend, OD_IN(layouts->c), engine->engine, DNNL_MEMORY_NONE));
    OD_TRY(dnnl_memory_create(&product->c, OD_IN(layouts->c), engine->engine, DNNL_MEMORY_NONE));
    return dnnl_memory_create(&product->scratch, scratch, engine->engine, DNNL_MEMORY_NONE);
}

static inline void od_product_destroy(struct od_product *product) {
    dnnl_memory_t arguments[] = {product->a,      product->b, product->bias,
                                 product->addend, product->c, product->scratch};
    for (int i = 0; i < 6; i++) {
        if (arguments[i]) dnnl_memory_destroy(arguments[i]);
    }
    if (product->primitive) dnnl_primitive_destroy(product->primitive);
}

/// Fails, and leaves nothing behind, where there is no implementation.
static inline dnnl_status_t od_product_create(
    struct od_product *product, const struct od_engine *engine, const struct od_shape *s
) {
    struct od_layouts layouts;
    dnnl_primitive_attr_t attributes = 0;
    dnnl_primitive_desc_t description = 0;
    *product = (struct od_product){0};
    OD_TRY(od_layouts_create(&layouts, s));
    dnnl_status_t status = od_attributes_create(&attributes, &layouts, s);
    if (status == dnnl_success) status = od_description_create(&description, engine, &layouts, attributes, s);
    if (status == dnnl_success) status = dnnl_primitive_create(&product->primitive, description);
    if (status == dnnl_success) status = od_arguments_create(product, engine, &layouts, description, s);
    if (status != dnnl_success) od_product_destroy(product);
    if (description) dnnl_primitive_desc_destroy(description);
    if (attributes) dnnl_primitive_attr_destroy(attributes);
    od_layouts_destroy(&layouts);
    return status;
}

static inline int od_has_isa(dnnl_cpu_isa_t isa) { return (dnnl_get_effective_cpu_isa() & isa) == isa; }

/// Whether the processor multiplies bf16 itself: elsewhere oneDNN emulates it, more slowly than f32, or refuses.
static inline int od_has_avx512_bf16(void) { return od_has_isa(dnnl_cpu_isa_avx512_core_bf16); }
/// … a tile at a time.
static inline int od_has_amx(void) { return od_has_isa(dnnl_cpu_isa_avx512_core_amx); }


/// Where a product's operands lie. `bias` and `addend` are read only by products that have them.
struct od_operands {
    const void *a, *b, *bias, *addend;
    void *c, *scratch;
};

static inline dnnl_status_t od_product_run(
    const struct od_product *product, const struct od_engine *engine, struct od_operands at
) {
    // OpenMP keeps the number for each thread that starts parallel work; a backend may be made by another one.
    omp_set_num_threads(engine->threads);
    OD_TRY(dnnl_memory_set_data_handle(product->a, (void *)at.a));
    OD_TRY(dnnl_memory_set_data_handle(product->b, (void *)at.b));
    OD_TRY(dnnl_memory_set_data_handle(product->c, at.c));
    OD_TRY(dnnl_memory_set_data_handle(product->scratch, at.scratch));
    dnnl_exec_arg_t arguments[6] = {
        {DNNL_ARG_SRC, product->a},
        {DNNL_ARG_WEIGHTS, product->b},
        {DNNL_ARG_DST, product->c},
        {DNNL_ARG_SCRATCHPAD, product->scratch},
    };
    int count = 4;
    if (at.bias) {
        OD_TRY(dnnl_memory_set_data_handle(product->bias, (void *)at.bias));
        arguments[count++] = (dnnl_exec_arg_t){DNNL_ARG_BIAS, product->bias};
    }
    if (at.addend) {
        OD_TRY(dnnl_memory_set_data_handle(product->addend, (void *)at.addend));
        arguments[count++] = (dnnl_exec_arg_t){product->addend_argument, product->addend};
    }
    OD_TRY(dnnl_primitive_execute(product->primitive, engine->stream, count, arguments));
    return dnnl_stream_wait(engine->stream);
}
