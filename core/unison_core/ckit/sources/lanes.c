// What the lanes of a group know together. SHARE_LANES goes to the top of a kernel; SUM_LANES and MAX_LANES replace each
// lane's v by the sum or the largest of all lanes, in a tree; MAX_LANES takes no notice of NaN.

#if LANES == 1
#define SHARE_LANES
#define SUM_LANES(v)
#define MAX_LANES(v)
#else
#define SHARE_LANES SHARED C(T) parts[LANES];
#define JOIN_LANES(v, JOINED)                                                                                          \
    parts[lane] = v;                                                                                                   \
    for (i32 gap = LANES / 2; gap; gap /= 2) {                                                                         \
        BARRIER();                                                                                                     \
        if (lane < gap) parts[lane] = JOINED(parts[lane], parts[lane + gap]);                                          \
    }                                                                                                                  \
    BARRIER();                                                                                                         \
    v = parts[0];                                                                                                      \
    BARRIER();
#define SUM_LANES(v) JOIN_LANES(v, PLUS)
#define MAX_LANES(v) JOIN_LANES(v, LARGER)
#endif

#define SUM_ELEMENTS(sum, VALUE)                                                                                       \
    JOIN_ELEMENTS(sum, R(0), PLUS, VALUE)                                                                              \
    SUM_LANES(sum)
