// Stable merge sort of lines of n elements, with the place that each had. NaN counts as largest.
//
// Two sorted runs are merged by many work-items: each writes SEGMENT elements of the result, whose beginnings in both
// runs it finds by bisection. Of equals those of the left run come first.

#if DESCENDING
#define BEFORE(a, b) (IS_NAN(a) ? !IS_NAN(b) : (a) > (b))
#else
#define BEFORE(a, b) (IS_NAN(b) ? !IS_NAN(a) : (a) < (b))
#endif

// Merge the runs of `width` at `begin` and after it, of `length` elements in all: elements [from, from + SEGMENT) of
// the result. VALUE_OF(i) is the value of element i, MOVE(to, i) writes element i as element `to` of the result.
#define MERGE(begin, width, length, from)                                                                              \
    {                                                                                                                  \
        i64 left = (begin) + (width), right = left + (width), done = (from) - (begin), low, high;                      \
        if (left > (length)) left = (length);                                                                          \
        if (right > (length)) right = (length);                                                                        \
        low = done > right - left ? done - (right - left) : 0;                                                         \
        high = done < left - (begin) ? done : left - (begin);                                                          \
        while (low < high) {                                                                                           \
            i64 middle = low + (high - low) / 2;                                                                       \
            C(A) one = VALUE_OF((begin) + middle), two = VALUE_OF(left + done - 1 - middle);                           \
            if (!BEFORE(two, one)) low = middle + 1;                                                                   \
            else high = middle;                                                                                        \
        }                                                                                                              \
        i64 i = (begin) + low, j = left + done - low, stop = (from) + SEGMENT < right ? (from) + SEGMENT : right;      \
        for (i64 to = (from); to < stop; to++) {                                                                       \
            i32 second = i >= left;                                                                                    \
            if (!second && j < right) second = BEFORE(VALUE_OF(j), VALUE_OF(i));                                       \
            if (second) {                                                                                              \
                MOVE(to, j);                                                                                           \
                j++;                                                                                                   \
            } else {                                                                                                   \
                MOVE(to, i);                                                                                           \
                i++;                                                                                                   \
            }                                                                                                          \
        }                                                                                                              \
    }

#if BLOCK
typedef struct {
    WALK
} Params;

#define SEGMENT (BLOCK / GROUP)
#define VALUE_OF(i) LOAD(A, keys, now + (i))
#define MOVE(to, i)                                                                                                    \
    keys[BLOCK - now + (to)] = keys[now + (i)];                                                                        \
    places_of[BLOCK - now + (to)] = places_of[now + (i)];

// Sorted runs of BLOCK elements of each line, in shared memory: every work-item sorts SEGMENT elements by insertion,
// then they merge. The input has any strides.
KERNEL void sort(GLOBAL const S(A) *x0, GLOBAL S(A) *values, GLOBAL i64 *places, Params p) {
    SHARED S(A) keys[2 * BLOCK];
    SHARED i32 places_of[2 * BLOCK];
    i32 now = 0;
    i64 o = GROUP_ID % p.outputs, start = GROUP_ID / p.outputs * BLOCK;
    i32 length = (i32)(p.count - start < BLOCK ? p.count - start : BLOCK), first = LOCAL_ID * SEGMENT;
    i32 last = first + SEGMENT < length ? first + SEGMENT : length;
    FIND_BASE(o)
    for (i32 i = first; i < last; i++) {
        FIND_ELEMENT(start + i)
        S(A) key = x0[at[0]];
        C(A) v = LOAD(A, &key, 0);
        i32 to = i;
        for (; to > first && BEFORE(v, LOAD(A, keys, to - 1)); to--) {
            keys[to] = keys[to - 1];
            places_of[to] = places_of[to - 1];
        }
        keys[to] = key;
        places_of[to] = i;
    }
    BARRIER();
    for (i32 width = SEGMENT; width < length; width *= 2) {
        if (first < length) MERGE(first / (2 * width) * (2 * width), width, length, first)
        now = BLOCK - now;
        BARRIER();
    }
    for (i32 i = first; i < last; i++) {
        values[o * p.count + start + i] = keys[now + i];
        places[o * p.count + start + i] = start + places_of[now + i];
    }
}
#else
typedef struct {
    i64 count, segments, length, width;
} Params;

#define VALUE_OF(i) LOAD(A, x0, (i))
#define MOVE(to, i)                                                                                                    \
    values[to] = x0[i];                                                                                                \
    places[to] = places_of[i];

// One pass over lines of `length`, each written in `segments`: sorted runs of `width` become runs of twice that.
KERNEL void sort(GLOBAL const S(A) *x0, GLOBAL const i64 *places_of, GLOBAL S(A) *values, GLOBAL i64 *places,
                 Params p) {
    if (ITEM_ID >= p.count) return;
    i64 line = ITEM_ID / p.segments * p.length, from = ITEM_ID % p.segments * SEGMENT;
    i64 whole = line + p.length;
    MERGE(line + from / (2 * p.width) * (2 * p.width), p.width, whole, line + from)
}
#endif
