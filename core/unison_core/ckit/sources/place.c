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
#if LANES > 1
    SHARED C(T) parts[LANES];
    SHARED i64 places[LANES];
#endif
    FIND_OUTPUT
    C(T) s = p.k[0];
    i64 i = 0x7fffffffffffffff;
    WALK_ELEMENTS
        C(T) v = LOAD(A, x0, AT(0));
#if COUNT > 1
        i64 here = x1[AT(1)];
#else
        i64 here = ELEMENT;
#endif
        if (BEATS(v, here, s, i)) {
            s = v;
            i = here;
        }
    WALK_END
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
