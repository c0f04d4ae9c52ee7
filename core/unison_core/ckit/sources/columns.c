// The fold of `fold.c` for processors, where outputs lie side by side: a work-item takes COLUMNS outputs at once, whose
// elements are neighbours in memory. ONES and ZEROS: bits of the inputs that step by 1 or stand still from one output
// to the next, so that compilers make vectors of them.

typedef struct {
    WALK
    C(T) k[CONSTANTS];
} Params;

#define K(i) p.k[i]
#define ACROSS(x) ((ONES >> (x)) & 1 ? 1 : (ZEROS >> (x)) & 1 ? 0 : p.keep[x][KEPT - 1])
#define a LOAD(A, x0, at[0] + k * ACROSS(0))
#define b LOAD(B, x1, at[1] + k * ACROSS(1))
#define c LOAD(D, x2, at[2] + k * ACROSS(2))
#define e LOAD(E, x3, at[3] + k * ACROSS(3))

#define JOIN_COLUMNS(width)                                                                                            \
    for (i64 r = first; r < end;) {                                                                                    \
        i64 stop = r + 32 < end ? r + 32 : end;                                                                        \
        C(T) near[COLUMNS];                                                                                            \
        for (i32 k = 0; k < COLUMNS; k++) near[k] = K(0);                                                              \
        for (; r < stop; r++) {                                                                                        \
            FIND_ELEMENT(r)                                                                                            \
            for (i32 k = 0; k < (width); k++) {                                                                        \
                C(T) v = EACH;                                                                                         \
                near[k] = JOIN(near[k], v);                                                                            \
            }                                                                                                          \
        }                                                                                                              \
        for (i32 k = 0; k < COLUMNS; k++) s[k] = JOIN(s[k], near[k]);                                                  \
    }

KERNEL void columns(GLOBAL const S(A) *x0,
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
    i64 row = p.kept[KEPT - 1], tiles = (row + COLUMNS - 1) / COLUMNS, whole = p.outputs / row * tiles;
    i64 unit = ITEM_ID, chunk = unit / whole, tile = unit % whole;
    if (chunk >= p.chunks) return;
    i64 o = tile / tiles * row + tile % tiles * COLUMNS, width = row - tile % tiles * COLUMNS;
    i64 first = chunk * p.span, end = first + p.span < p.count ? first + p.span : p.count;
    FIND_BASE(o)
    C(T) s[COLUMNS];
    for (i32 k = 0; k < COLUMNS; k++) s[k] = K(0);
    if (width >= COLUMNS) {
        width = COLUMNS;
        JOIN_COLUMNS(COLUMNS)
    } else {
        JOIN_COLUMNS(width)
    }
    for (i32 k = 0; k < width; k++) STORE(O, out, chunk * p.outputs + o + k, FINISH(s[k]));
}
