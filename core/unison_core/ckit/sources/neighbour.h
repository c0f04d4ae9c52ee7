// The next number of a dtype after a, towards b.

// One step up or down of a number's bits; `sign` is the bit of its sign.
FN u64 stepped(u64 bits, u64 sign, i32 up) {
    if ((bits & (sign - 1)) == 0) return up ? 1 : sign + 1;
    return up == !(bits & sign) ? bits + 1 : bits - 1;
}

#define NEIGHBOUR(of, bits, U, sign) (a != a ? a : b != b || a == b ? b : of((U)stepped(bits(a), sign, b > a)))
FN f32 next_float16(f32 a, f32 b) { return NEIGHBOUR(f32_of_half, half_of_f32, u16, 0x8000); }
FN f32 next_bfloat16(f32 a, f32 b) { return NEIGHBOUR(f32_of_bfloat16, bfloat16_of_f32, u16, 0x8000); }
FN f32 next_float32(f32 a, f32 b) { return NEIGHBOUR(F32_OF, F32_BITS, u32, 0x80000000u); }
#ifdef HAS_FP64
FN f64 next_float64(f64 a, f64 b) { return NEIGHBOUR(F64_OF, F64_BITS, u64, (u64)1 << 63); }
#endif
