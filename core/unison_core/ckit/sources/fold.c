// out[o] = FINISH(s): s starts as K(0) and joins EACH of a, b, c, e (the elements of COUNT inputs of dtypes A, B, D, E)
// over the reduced dimensions, in T. LANES 1: a work-item for each unit; else a group, whose lanes join in a tree.

typedef struct {
    WALK
    C(T) k[CONSTANTS];
} Params;

#define K(i) p.k[i]
#define a LOAD(A, x0, AT(0))
#define b LOAD(B, x1, AT(1))
#define c LOAD(D, x2, AT(2))
#define e LOAD(E, x3, AT(3))

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
#if LANES > 1
    SHARED C(T) parts[LANES];
#endif
    FIND_OUTPUT
    C(T) s = K(0);
    JOIN_ELEMENTS(s, K(0), JOIN, EACH)
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
