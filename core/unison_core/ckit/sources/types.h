// Element types. For each dtype D: S(D) is what memory holds, C(D) what kernels compute in, U(D) the unsigned integer
// as wide as C(D) for arithmetic that wraps; LOAD(D, p, i) reads, STORE(D, p, i, v) converts as casts do and writes.
// Half types compute in f32 and are rounded once; bool computes in i32. raw8 ... raw128 move bits unlooked at.

#define CAT_(a, b) a##b
#define CAT(a, b) CAT_(a, b)
#define S(D) CAT(S_, D)
#define C(D) CAT(C_, D)
#define U(D) CAT(U_, D)
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

// A number of the type that T computes in, however it is written: R(0.5).
#define R(x) ((C(T))(x))
#define IS_NAN(x) ((x) != (x))

// Before a loop of a constant number of turns: write each of them out.
#ifndef UNROLL
#define UNROLL
#endif
// a * b + c, rounded once where the target's header says that this is one fast instruction.
#ifndef FMA
#define FMA(a, b, c) ((a) * (b) + (c))
#endif
