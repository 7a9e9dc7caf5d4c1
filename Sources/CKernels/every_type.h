// Includes the file that KERNELS names once for each type that activations are stored in. There, ELEMENT is that type and
// TYPED(load), TYPED(store) its vectors' way in and out; a kernel TYPED(name) becomes name_f32, name_bf16 and name_f16.
#define ELEMENT float
#define TYPED(name) name##_f32
#define IS_F32 1
#include KERNELS
#undef ELEMENT
#undef TYPED
#undef IS_F32

#define IS_F32 0
#define ELEMENT bf16
#define TYPED(name) name##_bf16
#include KERNELS
#undef ELEMENT
#undef TYPED

#define ELEMENT f16
#define TYPED(name) name##_f16
#include KERNELS
#undef ELEMENT
#undef TYPED
#undef IS_F32

/// Calls the kernel for `type`, a ck_type.
#define DISPATCH(type, name, ...)                     \
    switch (type) {                                   \
    case CK_F32: name##_f32(__VA_ARGS__); break;      \
    case CK_BF16: name##_bf16(__VA_ARGS__); break;    \
    case CK_F16: name##_f16(__VA_ARGS__); break;      \
    }
