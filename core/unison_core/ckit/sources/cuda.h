// The dialect on CUDA C++.
#define HAS_FP64 1
#define HAS_ATOMICS64 1

#define KERNEL extern "C" __global__
#define GLOBAL
#define LOCAL
#define SHARED __shared__
#define FN static __device__ __forceinline__
#define RESTRICT __restrict__
#define BARRIER() __syncthreads()
// Also for what the group wrote to memory that it does not share.
#define WHOLE_BARRIER() __syncthreads()

typedef signed char i8;
typedef unsigned char u8;
typedef short i16;
typedef unsigned short u16;
typedef int i32;
typedef unsigned int u32;
typedef long long i64;
typedef unsigned long long u64;
typedef float f32;
typedef double f64;

#define GROUP_ID ((i64)blockIdx.x)
#define GROUPS ((i64)gridDim.x)
#define LOCAL_ID ((i32)threadIdx.x)
#define LOCAL_SIZE ((i32)blockDim.x)
#define ITEM_ID (GROUP_ID * LOCAL_SIZE + LOCAL_ID)
#define ITEMS (GROUPS * LOCAL_SIZE)

#define F32_BITS(x) __float_as_uint(x)
#define F32_OF(x) __uint_as_float(x)
#define F64_BITS(x) ((u64)__double_as_longlong(x))
#define F64_OF(x) __longlong_as_double((i64)(x))

#define ATOMIC_ADD_I32(p, v) atomicAdd((i32 *)(p), v)
#define ATOMIC_MAX_I32(p, v) atomicMax((i32 *)(p), v)
#define ATOMIC_CAS_U32(p, old, v) atomicCAS((u32 *)(p), old, v)
#define ATOMIC_CAS_U64(p, old, v) atomicCAS((u64 *)(p), old, v)

// The conversions are instructions of the device; their headers are not needed.
FN f32 f32_of_half(u16 h) {
    f32 x;
    asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(h));
    return x;
}
FN u16 half_of_f32(f32 x) {
    u16 h;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(h) : "f"(x));
    return h;
}
FN u16 half_of_f64(f64 x) {
    u16 h;
    asm("cvt.rn.f16.f64 %0, %1;" : "=h"(h) : "d"(x));
    return h;
}
#define UNROLL _Pragma("unroll")
#define FMA(a, b, c) fma(a, b, c)
FN u64 high_product(u64 a, u64 b) { return __umul64hi(a, b); }
