// Running folds along a line: s starts as K(0), or as what the chunks before this one came to, and joins each element.
// EXTREME: what is kept is the one that comes last in the order OVER (>= or <=), and its place. TOTALS: only what each
// chunk comes to is written. PLACED: elements are such results, with their places.

typedef struct {
    WALK
    C(T) k[1];
} Params;

KERNEL void scan(GLOBAL const S(A) *x0,
#if EXTREME && PLACED
    GLOBAL const i64 *x1,
#endif
#if STARTS
    GLOBAL const S(T) *starts,
#if EXTREME
    GLOBAL const i64 *places,
#endif
#endif
    GLOBAL S(O) *out,
#if EXTREME
    GLOBAL i64 *found,
#endif
    Params p) {
    i64 unit = ITEM_ID;
    if (unit >= p.outputs * p.chunks) return;
    i64 o = unit % p.outputs, chunk = unit / p.outputs, r = chunk * p.span;
    i64 end = r + p.span < p.count ? r + p.span : p.count;
    FIND_BASE(o)
    C(T) s = p.k[0];
#if STARTS
    if (chunk) s = LOAD(T, starts, unit - p.outputs);
#endif
#if EXTREME
    i64 i = 0;
#if STARTS
    if (chunk) i = places[unit - p.outputs];
#endif
#endif
    for (; r < end; r++) {
        FIND_ELEMENT(r)
        C(T) v = LOAD(A, x0, at[0]);
#if EXTREME
        if (v OVER s || IS_NAN(v)) {
            s = v;
#if PLACED
            i = x1[at[0]];
#else
            i = r;
#endif
        }
#else
        s = JOIN(s, v);
#endif
#if !TOTALS
        STORE(O, out, at[1], s);
#if EXTREME
        found[at[1]] = i;
#endif
#endif
    }
#if TOTALS
    STORE(O, out, unit, s);
#if EXTREME
    found[unit] = i;
#endif
#endif
}
