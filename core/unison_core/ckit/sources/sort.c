// Stable merge sort of lines of n elements, with the place that each had. NaN counts as largest.
//
// Two sorted runs are merged by every element for itself: its place is its place in its own run, plus how many of the
// other run come before it, found by bisection. Of equals those of the left run come first.

#if DESCENDING
#define BEFORE(a, b) (IS_NAN(a) ? !IS_NAN(b) : (a) > (b))
#else
#define BEFORE(a, b) (IS_NAN(b) ? !IS_NAN(a) : (a) < (b))
#endif

// Set `to` to the place of element i, whose value is v, when the runs of `width` that i and its neighbour are in are
// merged; `length` elements are in all, and KEY(j) is the value of element j.
#define FIND_MERGED(v, i, width, length)                                                                               \
    i64 run = (i) / (width), left = run / 2 * 2 * (width), own = run * (width);                                        \
    i32 second = (i32)(run % 2);                                                                                       \
    i64 low = second ? left : left + (width), high = low + (width), other;                                             \
    if (low > (length)) low = (length);                                                                                \
    if (high > (length)) high = (length);                                                                              \
    other = low;                                                                                                       \
    while (low < high) {                                                                                               \
        i64 middle = low + (high - low) / 2;                                                                           \
        C(A) w = KEY(middle);                                                                                          \
        if (second ? !BEFORE(v, w) : BEFORE(w, v)) low = middle + 1;                                                   \
        else high = middle;                                                                                            \
    }                                                                                                                  \
    i64 to = left + ((i) - own) + (low - other);

#if BLOCK
typedef struct {
    WALK
} Params;

// Sorted runs of BLOCK elements of each line, in shared memory. The input has any strides.
KERNEL void sort(GLOBAL const S(A) *x0, GLOBAL S(A) *values, GLOBAL i64 *places, Params p) {
    SHARED S(A) keys[2 * BLOCK];
    SHARED i32 from[2 * BLOCK];
    i32 lane = LOCAL_ID(0), now = 0;
    i64 o = GROUP_ID(0) % p.outputs, begin = GROUP_ID(0) / p.outputs * BLOCK;
    i32 length = (i32)(p.count - begin < BLOCK ? p.count - begin : BLOCK);
    FIND_BASE(o)
    for (i32 i = lane; i < length; i += LOCAL_SIZE(0)) {
        FIND_ELEMENT(begin + i)
        keys[i] = x0[at[0]];
        from[i] = i;
    }
    BARRIER();
    for (i32 width = 1; width < length; width *= 2) {
#define KEY(j) LOAD(A, keys, now + (j))
        for (i32 i = lane; i < length; i += LOCAL_SIZE(0)) {
            C(A) v = KEY(i);
            FIND_MERGED(v, i, width, length)
            keys[BLOCK - now + to] = keys[now + i];
            from[BLOCK - now + to] = from[now + i];
        }
        now = BLOCK - now;
        BARRIER();
#undef KEY
    }
    for (i32 i = lane; i < length; i += LOCAL_SIZE(0)) {
        values[o * p.count + begin + i] = keys[now + i];
        places[o * p.count + begin + i] = begin + from[now + i];
    }
}
#else
typedef struct {
    i64 count, length, width;
} Params;

// One pass over `count` elements in lines of `length`: sorted runs of `width` become runs of twice that.
KERNEL void sort(GLOBAL const S(A) *x0, GLOBAL const i64 *from, GLOBAL S(A) *values, GLOBAL i64 *places, Params p) {
    i64 at = ITEM_ID(0);
    if (at >= p.count) return;
    i64 line = at / p.length * p.length, i = at - line;
#define KEY(j) LOAD(A, x0, line + (j))
    C(A) v = KEY(i);
    FIND_MERGED(v, i, p.width, p.length)
    values[line + to] = x0[at];
    places[line + to] = from[at];
}
#endif
