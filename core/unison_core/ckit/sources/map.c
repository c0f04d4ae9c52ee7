// out[i] = EXPRESSION of a, b, c, e: elementwise over COUNT inputs of dtypes A, B, D, E into dtype O.
//
// STRIDED 0: everything is contiguous; a bit of SCALARS marks an input of one element.
// STRIDED 1: DIMS (2 or more) dimensions with a step for each array; `wide` groups walk the first, `tall` rows of such
// groups the second, and what is left of a group's number walks the others. K(i) are constants in the type that T
// computes in. A work-item has `chunk` elements along each of the first two dimensions: one on most devices, many on
// processors, which are fast at loops.

typedef struct {
    i64 n[DIMS], chunk[2], wide, tall;
#if STRIDED
    i64 step[COUNT + 1][DIMS];
#endif
    i64 at[COUNT + 1];
#if CONSTANTS
    C(T) k[CONSTANTS];
#endif
} Params;

#define K(i) p.k[i]
#if STRIDED
#define PLACE(x) (at[x] + i * p.step[x][0])
#else
#define PLACE(x) (p.at[x] + (((SCALARS >> (x)) & 1) ? 0 : i))
#endif

KERNEL void map(
#if COUNT > 0
    GLOBAL const S(A) *x0,
#endif
#if COUNT > 1
    GLOBAL const S(B) *x1,
#endif
#if COUNT > 2
    GLOBAL const S(D) *x2,
#endif
#if COUNT > 3
    GLOBAL const S(E) *x3,
#endif
    GLOBAL S(O) *out, Params p) {
#if STRIDED
    u32 wide = (u32)p.wide, tall = (u32)p.tall, group = (u32)GROUP_ID, row = group / wide;
    i64 item = (i64)(group % wide) * LOCAL_SIZE + LOCAL_ID;
#else
    i64 item = ITEM_ID;
#endif
    i64 begin = item * p.chunk[0], end = begin + p.chunk[0] < p.n[0] ? begin + p.chunk[0] : p.n[0];
#if STRIDED
    i64 top = row % tall * p.chunk[1], bottom = top + p.chunk[1] < p.n[1] ? top + p.chunk[1] : p.n[1];
    i64 rest = row / tall, base[COUNT + 1], at[COUNT + 1];
    for (i32 x = 0; x <= COUNT; x++) base[x] = p.at[x];
    for (i32 d = 2; d < DIMS; d++) {
        i64 part = d == DIMS - 1 ? rest : rest % p.n[d];
        if (d < DIMS - 1) rest /= p.n[d];
        for (i32 x = 0; x <= COUNT; x++) base[x] += part * p.step[x][d];
    }
    for (i64 j = top; j < bottom; j++) {
        for (i32 x = 0; x <= COUNT; x++) at[x] = base[x] + j * p.step[x][1];
#else
    {
#endif
        PARALLEL for (i64 i = begin; i < end; i++) {
#if COUNT > 0
            C(A) a = LOAD(A, x0, PLACE(0));
#endif
#if COUNT > 1
            C(B) b = LOAD(B, x1, PLACE(1));
#endif
#if COUNT > 2
            C(D) c = LOAD(D, x2, PLACE(2));
#endif
#if COUNT > 3
            C(E) e = LOAD(E, x3, PLACE(3));
#endif
#ifdef ASK
            if (EXPRESSION) ATOMIC_MAX_I32(out, 1);
#else
            STORE(O, out, PLACE(COUNT), EXPRESSION);
#endif
        }
    }
}
