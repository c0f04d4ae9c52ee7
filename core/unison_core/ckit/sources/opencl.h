// The dialect on OpenCL C 1.2.
#pragma OPENCL FP_CONTRACT OFF
#ifdef HAS_FP64
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#endif
#ifdef HAS_ATOMICS64
#pragma OPENCL EXTENSION cl_khr_int64_base_atomics : enable
#pragma OPENCL EXTENSION cl_khr_int64_extended_atomics : enable
#endif

#define KERNEL __kernel
#define GLOBAL __global
#define LOCAL __local
#define SHARED __local
#define FN static inline
#define RESTRICT restrict
#define BARRIER() barrier(CLK_LOCAL_MEM_FENCE)
// Also for what the group wrote to memory that it does not share.
#define WHOLE_BARRIER() barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)

#define GROUP_ID ((i64)get_group_id(0))
#define GROUPS ((i64)get_num_groups(0))
#define LOCAL_ID ((i32)get_local_id(0))
#define LOCAL_SIZE ((i32)get_local_size(0))
#define ITEM_ID ((i64)get_global_id(0))
#define ITEMS ((i64)get_global_size(0))

typedef char i8;
typedef uchar u8;
typedef short i16;
typedef ushort u16;
typedef int i32;
typedef uint u32;
typedef long i64;
typedef ulong u64;
typedef float f32;
#ifdef HAS_FP64
typedef double f64;
#endif

#define F32_BITS(x) as_uint(x)
#define F32_OF(x) as_float(x)
#ifdef HAS_FP64
#define F64_BITS(x) as_ulong(x)
#define F64_OF(x) as_double(x)
#endif

#define ATOMIC_ADD_I32(p, v) atomic_add((volatile __global i32 *)(p), v)
#define ATOMIC_MAX_I32(p, v) atomic_max((volatile __global i32 *)(p), v)
#define ATOMIC_CAS_U32(p, old, v) atomic_cmpxchg((volatile __global u32 *)(p), old, v)
#ifdef HAS_ATOMICS64
#define ATOMIC_CAS_U64(p, old, v) atom_cmpxchg((volatile __global u64 *)(p), old, v)
#endif

FN f32 f32_of_half(u16 h) { return vload_half(0, (const half *)&h); }
FN u16 half_of_f32(f32 x) {
    u16 h;
    vstore_half_rte(x, 0, (half *)&h);
    return h;
}
#ifdef HAS_FP64
FN u16 half_of_f64(f64 x) {
    u16 h;
    vstore_half_rte(x, 0, (half *)&h);
    return h;
}
#endif
#if defined(IS_CPU) && defined(__clang__)
#define PARALLEL _Pragma("clang loop vectorize(assume_safety)")
#endif
#define UNROLL _Pragma("unroll")
#ifdef FP_FAST_FMAF
#define FMA(a, b, c) fma(a, b, c)
#endif
#if defined(IS_CPU) && defined(__SIZEOF_INT128__)
// One instruction, where compilers for processors make many of mul_hi.
FN u64 high_product(u64 a, u64 b) { return (u64)((unsigned __int128)a * b >> 64); }
#else
FN u64 high_product(u64 a, u64 b) { return mul_hi(a, b); }
#endif
