// out[o] = FINISH(s): s starts as K(0) and joins EACH of a, b, c, e (the elements of COUNT inputs of dtypes A, B, D, E)
// over the reduced dimensions, in T. LANES 1: a work-item for each unit; else a group, whose lanes join in a tree.
//
// Runs of NEAR elements are joined by themselves first, so that the error of long sums grows with the number of runs.

typedef struct {
    WALK
    C(T) k[CONSTANTS];
} Params;

#define K(i) p.k[i]
#define NEAR 32

KERNEL void fold(GLOBAL const S(A) *x0,
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
#if LANES == 1
    i64 unit = ITEM_ID(0);
    if (unit >= p.outputs * p.chunks) return;
#else
    SHARED C(T) parts[LANES];
    i32 lane = LOCAL_ID(0);
    i64 unit = GROUP_ID(0);
#endif
    i64 o = unit % p.outputs, r = unit / p.outputs * p.span;
    i64 end = r + p.span < p.count ? r + p.span : p.count;
    FIND_BASE(o)
    FIND_RANGE(lane)
    C(T) s = K(0);
    while (r < end) {
        i64 stop = r + NEAR * STEP < end ? r + NEAR * STEP : end;
        C(T) near = K(0);
        for (; r < stop; r += STEP) {
            FIND_ELEMENT(r)
            C(A) a = LOAD(A, x0, at[0]);
#if COUNT > 1
            C(B) b = LOAD(B, x1, at[1]);
#endif
#if COUNT > 2
            C(D) c = LOAD(D, x2, at[2]);
#endif
#if COUNT > 3
            C(E) e = LOAD(E, x3, at[3]);
#endif
            C(T) v = EACH;
            near = JOIN(near, v);
        }
        s = JOIN(s, near);
    }
#if LANES > 1
    parts[lane] = s;
    for (i32 gap = LANES / 2; gap; gap /= 2) {
        BARRIER();
        if (lane < gap) parts[lane] = JOIN(parts[lane], parts[lane + gap]);
    }
    if (lane) return;
    s = parts[0];
#endif
    STORE(O, out, unit, FINISH(s));
}
