// The dialect on plain C11, for a second compiler and its sanitizers. One thread is one work-item of the group that
// runs; groups follow one another, so memory that a group shares is static.
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <tgmath.h>

#define KERNEL static
#define GLOBAL
#define LOCAL
#define SHARED static
#define FN static inline
#define RESTRICT restrict
#define BARRIER() pthread_barrier_wait(&here.launch->barrier)
// Also for what the group wrote to memory that it does not share.
#define WHOLE_BARRIER() pthread_barrier_wait(&here.launch->barrier)

typedef int8_t i8;
typedef uint8_t u8;
typedef int16_t i16;
typedef uint16_t u16;
typedef int32_t i32;
typedef uint32_t u32;
typedef int64_t i64;
typedef uint64_t u64;
typedef float f32;
#ifdef HAS_FP64
typedef double f64;
#endif

typedef struct {
    void **buffers;
    const char *params;
    i64 groups;
    i32 size;
    pthread_barrier_t barrier;
} Launch;

static _Thread_local struct {
    Launch *launch;
    i64 group;
    i32 local;
} here;

#define GROUP_ID (here.group)
#define GROUPS (here.launch->groups)
#define LOCAL_ID (here.local)
#define LOCAL_SIZE (here.launch->size)
#define ITEM_ID (GROUP_ID * LOCAL_SIZE + LOCAL_ID)
#define ITEMS (GROUPS * LOCAL_SIZE)

FN u32 F32_BITS(f32 x) {
    u32 bits;
    memcpy(&bits, &x, 4);
    return bits;
}
FN f32 F32_OF(u32 bits) {
    f32 x;
    memcpy(&x, &bits, 4);
    return x;
}
#ifdef HAS_FP64
FN u64 F64_BITS(f64 x) {
    u64 bits;
    memcpy(&bits, &x, 8);
    return bits;
}
FN f64 F64_OF(u64 bits) {
    f64 x;
    memcpy(&x, &bits, 8);
    return x;
}
#endif

#define ATOMIC_ADD_I32(p, v) __atomic_fetch_add((i32 *)(p), (v), __ATOMIC_RELAXED)
FN i32 ATOMIC_MAX_I32(i32 *p, i32 v) {
    i32 old = __atomic_load_n(p, __ATOMIC_RELAXED);
    while (old < v && !__atomic_compare_exchange_n(p, &old, v, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) continue;
    return old;
}
FN u32 ATOMIC_CAS_U32(void *p, u32 old, u32 v) {
    __atomic_compare_exchange_n((u32 *)p, &old, v, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    return old;
}
FN u64 ATOMIC_CAS_U64(void *p, u64 old, u64 v) {
    __atomic_compare_exchange_n((u64 *)p, &old, v, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    return old;
}

FN f32 f32_of_half(u16 h) {
    u32 sign = (u32)(h & 0x8000) << 16, magnitude = h & 0x7fff;
    if (magnitude >= 0x7c00) return F32_OF(sign | 0x7f800000 | (magnitude & 0x3ff) << 13);
    f32 size = magnitude < 0x400 ? (f32)magnitude * 0x1p-24f : F32_OF((magnitude << 13) + 0x38000000);
    return sign ? -size : size;
}
// Round to the nearest, ties to even. Below the smallest normal number, adding 0.5 lets the adder round.
FN u16 half_of_f32(f32 x) {
    u32 bits = F32_BITS(x), magnitude = bits & 0x7fffffff;
    u16 sign = (u16)(bits >> 16 & 0x8000);
    if (magnitude > 0x7f800000) return sign | 0x7e00 | (u16)(magnitude >> 13 & 0x3ff);
    if (magnitude >= 0x477ff000) return sign | 0x7c00;
    if (magnitude < 0x38800000) return sign | (u16)(F32_BITS(F32_OF(magnitude) + 0.5f) - 0x3f000000);
    return sign | (u16)((magnitude - 0x38000000 + 0xfff + (magnitude >> 13 & 1)) >> 13);
}
#ifdef HAS_FP64
// By way of f32 rounded to odd.
FN u16 half_of_f64(f64 x) {
    f32 near = (f32)x;
    u32 bits = F32_BITS(near);
    if (near == near && (f64)near != x && !(bits & 1)) bits += fabs((f64)near) < fabs(x) ? 1 : bits << 1 ? -1 : 0;
    return half_of_f32(F32_OF(bits));
}
#endif
FN u64 high_product(u64 a, u64 b) { return (u64)((unsigned __int128)a * b >> 64); }
