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

// Which elements this work-item takes: from `r` to before `end`, every STEP-th. Processors take neighbours one after
// the other; elsewhere neighbours are taken by neighbours.
#if LANES == 1
#define STEP 1
#define FIND_RANGE(lane)
#elif defined(IS_CPU)
#define STEP 1
#define FIND_RANGE(lane)                                                                                               \
    {                                                                                                                  \
        i64 share = (end - r + LANES - 1) / LANES;                                                                     \
        r += (lane) * share;                                                                                           \
        if (r + share < end) end = r + share;                                                                          \
    }
#else
#define STEP LANES
#define FIND_RANGE(lane) r += (lane);
#endif
