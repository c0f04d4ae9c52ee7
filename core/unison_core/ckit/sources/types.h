// Element types. For each dtype D: S(D) is what memory holds, C(D) what kernels compute in, U(D) the unsigned integer
// as wide as C(D) for arithmetic that wraps, Q(D) the type of a part of complex numbers; LOAD(D, p, i) reads,
// STORE(D, p, i, v) converts as casts do and writes. Half types compute in f32 and are rounded once; bool computes in i32.
// raw8 ... raw128 move bits unlooked at.

#define CAT_(a, b) a##b
#define CAT(a, b) CAT_(a, b)
#define S(D) CAT(S_, D)
#define C(D) CAT(C_, D)
#define U(D) CAT(U_, D)
#define Q(D) CAT(Q_, D)
#define LOAD(D, p, i) CAT(LOAD_, D)((p), (i))
#define STORE(D, p, i, v) ((p)[i] = CAT(PACK_, D)(v))

typedef struct {
    u64 low, high;
} u128;

#define S_bool u8
#define C_bool i32
#define U_bool u32
#define LOAD_bool(p, i) ((i32)((p)[i] != 0))
#define PACK_bool(v) ((u8)((v) != 0))

#define S_uint8 u8
#define C_uint8 i32
#define U_uint8 u32
#define LOAD_uint8(p, i) ((i32)(p)[i])
#define PACK_uint8(v) ((u8)(v))

#define S_int8 i8
#define C_int8 i32
#define U_int8 u32
#define LOAD_int8(p, i) ((i32)(p)[i])
#define PACK_int8(v) ((i8)(v))

#define S_int16 i16
#define C_int16 i32
#define U_int16 u32
#define LOAD_int16(p, i) ((i32)(p)[i])
#define PACK_int16(v) ((i16)(v))

#define S_int32 i32
#define C_int32 i32
#define U_int32 u32
#define LOAD_int32(p, i) ((p)[i])
#define PACK_int32(v) ((i32)(v))

#define S_int64 i64
#define C_int64 i64
#define U_int64 u64
#define LOAD_int64(p, i) ((p)[i])
#define PACK_int64(v) ((i64)(v))

#define S_float32 f32
#define C_float32 f32
#define U_float32 u32
#define LOAD_float32(p, i) ((p)[i])
#define PACK_float32(v) ((f32)(v))

#ifdef HAS_FP64
#define S_float64 f64
#define C_float64 f64
#define U_float64 u64
#define LOAD_float64(p, i) ((p)[i])
#define PACK_float64(v) ((f64)(v))
#endif

#define S_float16 u16
#define C_float16 f32
#define U_float16 u32
#define LOAD_float16(p, i) f32_of_half((p)[i])
#define PACK_float16(v) half_of_f32(v)

FN f32 f32_of_bfloat16(u16 h) { return F32_OF((u32)h << 16); }
// Round to the nearest, ties to even; NaN stays NaN.
FN u16 bfloat16_of_f32(f32 x) {
    u32 bits = F32_BITS(x);
    if (x != x) return (u16)((bits >> 16) | 0x40);
    return (u16)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}
// In steps that keep what fell away as the lowest bit, until the number fits f32.
FN u16 bfloat16_of_i64(i64 x) {
    u64 size = x < 0 ? 0 - (u64)x : (u64)x;
    f32 scale = x < 0 ? -1.0f : 1.0f;
    for (; size >> 24; scale *= 256) size = size >> 8 | ((size & 255) != 0);
    return bfloat16_of_f32((f32)size * scale);
}
#ifdef HAS_FP64
// By way of f32 rounded to odd, so that the second rounding sees on which side of a tie the number lies.
FN u16 bfloat16_of_f64(f64 x) {
    f32 near = (f32)x;
    u32 bits = F32_BITS(near);
    if (near == near && (f64)near != x && !(bits & 1)) {
        // An even neighbour was taken: go one step towards x, to the odd one.
        bits += (fabs((f64)near) < fabs(x)) ? 1 : (bits & 0x7fffffff) ? -1 : 0;
        near = F32_OF(bits);
    }
    return bfloat16_of_f32(near);
}
#endif
#define S_bfloat16 u16
#define C_bfloat16 f32
#define U_bfloat16 u32
#define LOAD_bfloat16(p, i) f32_of_bfloat16((p)[i])
#define PACK_bfloat16(v) bfloat16_of_f32(v)

#define S_raw8 u8
#define C_raw8 u8
#define LOAD_raw8(p, i) ((p)[i])
#define PACK_raw8(v) (v)
#define S_raw16 u16
#define C_raw16 u16
#define LOAD_raw16(p, i) ((p)[i])
#define PACK_raw16(v) (v)
#define S_raw32 u32
#define C_raw32 u32
#define LOAD_raw32(p, i) ((p)[i])
#define PACK_raw32(v) (v)
#define S_raw64 u64
#define C_raw64 u64
#define LOAD_raw64(p, i) ((p)[i])
#define PACK_raw64(v) (v)
#define S_raw128 u128
#define C_raw128 u128
#define LOAD_raw128(p, i) ((p)[i])
#define PACK_raw128(v) (v)

// Complex numbers are structures. ADD(D, a, b) and its like take numbers of any dtype D as it computes (whole ones do not
// wrap), OF(D, x) makes one of a real number, RE(D, x) gives the real part.
typedef struct {
    f32 re, im;
} c64;
#define S_complex64 c64
#define C_complex64 c64
#define Q_complex64 f32
#define LOAD_complex64(p, i) ((p)[i])
#define PACK_complex64(v) (v)
#ifdef HAS_FP64
typedef struct {
    f64 re, im;
} c128;
#define S_complex128 c128
#define C_complex128 c128
#define Q_complex128 f64
#define LOAD_complex128(p, i) ((p)[i])
#define PACK_complex128(v) (v)
#endif

// Quotients as Smith's (1962), all divided by the larger part of b at the start, so that no sum overflows.
#define COMPLEX_ARITHMETIC(D) \
    FN C(D) make_##D(Q_##D re, Q_##D im) { \
        C(D) z; \
        z.re = re; \
        z.im = im; \
        return z; \
    } \
    FN C(D) add_##D(C(D) a, C(D) b) { return make_##D(a.re + b.re, a.im + b.im); } \
    FN C(D) sub_##D(C(D) a, C(D) b) { return make_##D(a.re - b.re, a.im - b.im); } \
    FN C(D) mul_##D(C(D) a, C(D) b) { return make_##D(a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re); } \
    FN C(D) div_##D(C(D) a, C(D) b) { \
        if (b.re == 0 && b.im == 0) return make_##D(a.re / b.re, a.im / b.re); \
        if (fabs(b.re) >= fabs(b.im)) { \
            Q_##D ratio = b.im / b.re, whole = 1 + ratio * ratio, re = a.re / b.re, im = a.im / b.re; \
            return make_##D((re + im * ratio) / whole, (im - re * ratio) / whole); \
        } \
        Q_##D ratio = b.re / b.im, whole = 1 + ratio * ratio, re = a.re / b.im, im = a.im / b.im; \
        return make_##D((re * ratio + im) / whole, (im * ratio - re) / whole); \
    }
COMPLEX_ARITHMETIC(complex64)
#ifdef HAS_FP64
COMPLEX_ARITHMETIC(complex128)
#endif

#define KIND_bool real
#define KIND_uint8 real
#define KIND_int8 real
#define KIND_int16 real
#define KIND_int32 real
#define KIND_int64 real
#define KIND_float16 real
#define KIND_bfloat16 real
#define KIND_float32 real
#define KIND_float64 real
#define KIND_complex64 complex64
#define KIND_complex128 complex128
#define FOR_KIND(f, D) CAT(f, CAT(KIND_, D))
#define ADD_real(a, b) ((a) + (b))
#define SUB_real(a, b) ((a) - (b))
#define MUL_real(a, b) ((a) * (b))
#define DIV_real(a, b) ((a) / (b))
#define OF_real(D, x) ((C(D))(x))
#define RE_real(x) (x)
#define ADD_complex64(a, b) add_complex64(a, b)
#define SUB_complex64(a, b) sub_complex64(a, b)
#define MUL_complex64(a, b) mul_complex64(a, b)
#define DIV_complex64(a, b) div_complex64(a, b)
#define OF_complex64(D, x) make_complex64(x, 0)
#define RE_complex64(x) ((x).re)
#define ADD_complex128(a, b) add_complex128(a, b)
#define SUB_complex128(a, b) sub_complex128(a, b)
#define MUL_complex128(a, b) mul_complex128(a, b)
#define DIV_complex128(a, b) div_complex128(a, b)
#define OF_complex128(D, x) make_complex128(x, 0)
#define RE_complex128(x) ((x).re)
#define ADD(D, a, b) FOR_KIND(ADD_, D)(a, b)
#define SUB(D, a, b) FOR_KIND(SUB_, D)(a, b)
#define MUL(D, a, b) FOR_KIND(MUL_, D)(a, b)
#define DIV(D, a, b) FOR_KIND(DIV_, D)(a, b)
#define OF(D, x) FOR_KIND(OF_, D)(D, x)
#define RE(D, x) FOR_KIND(RE_, D)(x)

// A number of the type that T computes in, however it is written: R(0.5).
#define R(x) OF(T, x)
#define IS_NAN(x) ((x) != (x))

// Before a loop whose turns do not depend on each other.
#ifndef PARALLEL
#define PARALLEL
#endif
// Before a loop of a constant number of turns: write each of them out.
#ifndef UNROLL
#define UNROLL
#endif
// a * b + c, rounded once where the target's header says that this is one fast instruction.
#ifndef FMA
#define FMA(a, b, c) ((a) * (b) + (c))
#endif
