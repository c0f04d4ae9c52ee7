// Where the elements are that a reduction takes: COUNT inputs, KEPT dimensions that stay and REDUCED that go, each
// with a step for every input. WIDE 1: places do not fit 32 bits. `unit` counts outputs first, then their chunks.

#if WIDE
#define PLACES i64
#else
#define PLACES u32
#endif

// What Params start with: `count` elements go into each of `outputs`, `span` of them into each chunk.
#define WALK                                                                                                           \
    i64 outputs, count, span, chunks;                                                                                  \
    i64 kept[KEPT], reduced[REDUCED];                                                                                  \
    i64 at[COUNT];                                                                                                     \
    i64 keep[COUNT][KEPT], step[COUNT][REDUCED];

// base[x]: where output o's elements start in input x.
#define FIND_BASE(o)                                                                                                   \
    i64 base[COUNT];                                                                                                   \
    for (i32 x = 0; x < COUNT; x++) base[x] = p.at[x];                                                                 \
    {                                                                                                                  \
        i64 rest = (o);                                                                                                \
        for (i32 d = KEPT - 1; d >= 0; d--) {                                                                          \
            i64 part = d ? rest % p.kept[d] : rest;                                                                    \
            if (d) rest /= p.kept[d];                                                                                  \
            for (i32 x = 0; x < COUNT; x++) base[x] += part * p.keep[x][d];                                            \
        }                                                                                                              \
    }

// at[x]: where element r of the reduced ones is.
#if REDUCED == 1
#define FIND_ELEMENT(r)                                                                                                \
    i64 at[COUNT];                                                                                                     \
    for (i32 x = 0; x < COUNT; x++) at[x] = base[x] + (r) * p.step[x][0];
#else
#define FIND_ELEMENT(r)                                                                                                \
    i64 at[COUNT];                                                                                                     \
    for (i32 x = 0; x < COUNT; x++) at[x] = base[x];                                                                   \
    {                                                                                                                  \
        PLACES rest = (PLACES)(r);                                                                                     \
        for (i32 d = REDUCED - 1; d >= 0; d--) {                                                                       \
            PLACES part = d ? rest % (PLACES)p.reduced[d] : rest;                                                      \
            if (d) rest /= (PLACES)p.reduced[d];                                                                       \
            for (i32 x = 0; x < COUNT; x++) at[x] += (i64)part * p.step[x][d];                                         \
        }                                                                                                              \
    }
#endif

// The loop over the elements of a unit: WALK_ELEMENTS ... AT(x), ELEMENT ... WALK_END, where AT(x) is the element's
// place in input x and ELEMENT its number, counted from `first` to before `end`.
//
// A work-item that is alone takes runs of up to RUN elements that step evenly: INNER(x) apart, which is 1 for every
// input if UNIT, so that compilers for processors make vectors of them. Lanes of a group take every LANES-th element.
#define RUN 256
#if UNIT
#define INNER(x) 1
#else
#define INNER(x) p.step[x][REDUCED - 1]
#endif
#if REDUCED == 1
#define RUN_LEFT(r) (end - (r))
#else
#define RUN_LEFT(r) (p.reduced[REDUCED - 1] - (i64)((PLACES)(r) % (PLACES)p.reduced[REDUCED - 1]))
#endif
#define FIND_RUN(r)                                                                                                    \
    FIND_ELEMENT(r)                                                                                                    \
    i64 run = RUN_LEFT(r);                                                                                             \
    if (run > end - (r)) run = end - (r);                                                                              \
    if (run > RUN) run = RUN;
#if LANES == 1
#define WALK_ELEMENTS                                                                                                  \
    for (i64 r = first; r < end;) {                                                                                    \
        FIND_RUN(r)                                                                                                    \
        for (i64 j = 0; j < run; j++) {
#define WALK_END                                                                                                       \
    }                                                                                                                  \
    r += run;                                                                                                          \
    }
#define AT(x) (at[x] + j * INNER(x))
#define ELEMENT (r + j)
#else
#define WALK_ELEMENTS                                                                                                  \
    for (i64 r = first; r < end; r += LANES) {                                                                         \
        FIND_ELEMENT(r)
#define WALK_END }
#define AT(x) at[x]
#define ELEMENT r
#endif

// s joined with VALUE of every element, by expressions JOIN_IT(s, v) of a kind that may be joined in any order, from
// START on. A work-item that is alone joins eight at once, and each run by itself: vectors, and a smaller error.
#if LANES == 1
#define JOIN_ELEMENTS(s, START, JOIN_IT, VALUE)                                                                        \
    for (i64 r = first; r < end;) {                                                                                    \
        FIND_RUN(r)                                                                                                    \
        C(T) near[8] = {START, START, START, START, START, START, START, START};                                       \
        i64 whole = run / 8 * 8;                                                                                       \
        for (i64 eight = 0; eight < whole; eight += 8) {                                                               \
            for (i32 k = 0; k < 8; k++) {                                                                              \
                i64 j = eight + k;                                                                                     \
                C(T) v = VALUE;                                                                                        \
                near[k] = JOIN_IT(near[k], v);                                                                         \
            }                                                                                                          \
        }                                                                                                              \
        for (i64 j = whole; j < run; j++) {                                                                            \
            C(T) v = VALUE;                                                                                            \
            near[0] = JOIN_IT(near[0], v);                                                                             \
        }                                                                                                              \
        for (i32 gap = 4; gap; gap /= 2)                                                                               \
            for (i32 k = 0; k < gap; k++) near[k] = JOIN_IT(near[k], near[k + gap]);                                   \
        s = JOIN_IT(s, near[0]);                                                                                       \
        r += run;                                                                                                      \
    }
#else
#define JOIN_ELEMENTS(s, START, JOIN_IT, VALUE)                                                                        \
    for (i64 r = first; r < end;) {                                                                                    \
        i64 stop = r + 32 * LANES < end ? r + 32 * LANES : end;                                                        \
        C(T) near = START;                                                                                             \
        for (; r < stop; r += LANES) {                                                                                 \
            FIND_ELEMENT(r)                                                                                            \
            C(T) v = VALUE;                                                                                            \
            near = JOIN_IT(near, v);                                                                                   \
        }                                                                                                              \
        s = JOIN_IT(s, near);                                                                                          \
    }
#endif
#define PLUS(s, v) ((s) + (v))
#define LARGER(s, v) ((v) > (s) ? (v) : (s))

// Which unit and which elements are this work-item's.
#if LANES == 1
#define FIND_UNIT                                                                                                      \
    i64 unit = ITEM_ID;                                                                                             \
    if (unit >= p.outputs * p.chunks) return;
#define FIRST_OF(chunk) (chunk) * p.span
#else
#define FIND_UNIT                                                                                                      \
    i32 lane = LOCAL_ID;                                                                                            \
    i64 unit = GROUP_ID;
#define FIRST_OF(chunk) (chunk) * p.span + lane
#endif
#define FIND_OUTPUT                                                                                                    \
    FIND_UNIT                                                                                                          \
    i64 o = unit % p.outputs, first = FIRST_OF(unit / p.outputs), end = (unit / p.outputs + 1) * p.span;               \
    if (end > p.count) end = p.count;                                                                                  \
    FIND_BASE(o)
