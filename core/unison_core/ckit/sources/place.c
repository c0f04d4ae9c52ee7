// out[o] = the place among the reduced elements of the one that comes first in the order OVER (> or <), NaN before all
// others, the first of equals. COUNT 2: the inputs are what a first launch left of chunks, and the places of these;
// LAST 0: such a first launch.

typedef struct {
    WALK
    C(T) k[1];
} Params;

// Whether v at j comes before s at i.
#define BEATS(v, j, s, i)                                                                                              \
    (IS_NAN(v) ? !IS_NAN(s) || (j) < (i) : !IS_NAN(s) && ((v)OVER(s) || ((v) == (s) && (j) < (i))))

KERNEL void place(GLOBAL const S(A) *x0,
#if COUNT > 1
    GLOBAL const i64 *x1,
#endif
#if !LAST
    GLOBAL S(T) *best,
#endif
    GLOBAL i64 *out, Params p) {
#if LANES == 1
    i64 unit = ITEM_ID(0);
    if (unit >= p.outputs * p.chunks) return;
#else
    SHARED C(T) parts[LANES];
    SHARED i64 places[LANES];
    i32 lane = LOCAL_ID(0);
    i64 unit = GROUP_ID(0);
#endif
    i64 o = unit % p.outputs, r = unit / p.outputs * p.span;
    i64 end = r + p.span < p.count ? r + p.span : p.count;
    FIND_BASE(o)
    FIND_RANGE(lane)
    C(T) s = p.k[0];
    i64 i = 0x7fffffffffffffff;
    for (; r < end; r += STEP) {
        FIND_ELEMENT(r)
        C(T) v = LOAD(A, x0, at[0]);
#if COUNT > 1
        i64 j = x1[at[1]];
#else
        i64 j = r;
#endif
        if (BEATS(v, j, s, i)) {
            s = v;
            i = j;
        }
    }
#if LANES > 1
    parts[lane] = s;
    places[lane] = i;
    for (i32 gap = LANES / 2; gap; gap /= 2) {
        BARRIER();
        if (lane < gap && BEATS(parts[lane + gap], places[lane + gap], parts[lane], places[lane])) {
            parts[lane] = parts[lane + gap];
            places[lane] = places[lane + gap];
        }
    }
    if (lane) return;
    s = parts[0];
    i = places[0];
#endif
#if !LAST
    STORE(T, best, unit, s);
#endif
    out[unit] = i;
}
