// What the lanes of a group know together. LANES_SHARED goes to the top of a kernel; SUM_LANES and MAX_LANES replace
// each lane's v by the sum or the largest of all lanes, in a tree; MAX_LANES takes no notice of NaN.

#if LANES == 1
#define LANES_SHARED
#define SUM_LANES(v)
#define MAX_LANES(v)
#else
#define LANES_SHARED                                                                                                   \
    SHARED C(T) parts[LANES];                                                                                          \
    i32 lane = LOCAL_ID(0);
#define JOIN_LANES(v, JOINED)                                                                                          \
    parts[lane] = v;                                                                                                   \
    for (i32 gap = LANES / 2; gap; gap /= 2) {                                                                         \
        BARRIER();                                                                                                     \
        if (lane < gap) {                                                                                              \
            C(T) one = parts[lane], two = parts[lane + gap];                                                           \
            parts[lane] = JOINED;                                                                                      \
        }                                                                                                              \
    }                                                                                                                  \
    BARRIER();                                                                                                         \
    v = parts[0];                                                                                                      \
    BARRIER();
#define SUM_LANES(v) JOIN_LANES(v, one + two)
#define MAX_LANES(v) JOIN_LANES(v, two > one ? two : one)
#endif

// Which of the units of `walk.c` this is, and which of its elements are this lane's: r, end.
#if LANES == 1
#define FIND_UNIT                                                                                                      \
    i64 unit = ITEM_ID(0);                                                                                             \
    if (unit >= p.outputs * p.chunks) return;
#else
#define FIND_UNIT i64 unit = GROUP_ID(0);
#endif
#define FIND_OUTPUT                                                                                                    \
    FIND_UNIT                                                                                                          \
    i64 o = unit % p.outputs, first = unit / p.outputs * p.span;                                                       \
    i64 r = first, end = first + p.span < p.count ? first + p.span : p.count;                                          \
    FIND_BASE(o)                                                                                                       \
    FIND_RANGE(lane)                                                                                                   \
    first = r;
