// What attention does to a row between its products, in place: one row is one unit, its elements `reduced`.
// MASK, KEEP, MORE tell whether these are given; where not, the rows stand in for them.

typedef struct {
    WALK
    i64 rows;
    C(T) k[1];
} Params;

#define SCALE p.k[0]

#if !BACKWARD
// Arrays: the scores, which become the weights; mask, keep, and the weights that are kept.
// CAUSAL: row i sees elements up to i. HALF: the weights are too short to hold exponentials from one pass to the next.
#if MASK
#define SCORE (LOAD(A, out, AT(0)) * SCALE + LOAD(A, mask, AT(1)))
#else
#define SCORE (LOAD(A, out, AT(0)) * SCALE)
#endif
#if HALF
#define GROWN exp(SCORE - top)
#else
#define GROWN out[AT(0)]
#endif
#if KEEP
#define WRITE(weight)                                                                                                  \
    STORE(A, out, AT(0), weight);                                                                                      \
    STORE(A, kept, AT(3), LOAD(A, out, AT(0)) * LOAD(A, keep, AT(2)));
#else
#define WRITE(weight) STORE(A, out, AT(0), weight);
#endif

KERNEL void attention(GLOBAL S(A) *out, GLOBAL const S(A) *mask, GLOBAL const S(A) *keep, GLOBAL S(A) *kept, Params p) {
    SHARE_LANES
    FIND_OUTPUT
#if CAUSAL
    i64 whole_row = end, seen = o % p.rows + 1;
    if (seen < end) end = seen;
#endif
    const C(T) lowest = R(F32_OF(0xff800000));
    C(T) top = lowest, sum = 0;
    JOIN_ELEMENTS(top, top, LARGER, SCORE)
    MAX_LANES(top)
    // A row in which everything is masked gives zeros.
    if (top == lowest) top = 0;
#if !HALF
    WALK_ELEMENTS
        out[AT(0)] = exp(SCORE - top);
    WALK_END
#endif
    SUM_ELEMENTS(sum, GROWN)
    if (sum == 0) sum = 1;
    WALK_ELEMENTS
        WRITE(GROWN / sum)
    WALK_END
#if CAUSAL
    first += end;
    end = whole_row;
    WALK_ELEMENTS
        WRITE(0)
    WALK_END
#endif
}
#else
// Arrays: the gradient of the kept weights, which becomes that of the masked scores; the weights; keep; more, a
// gradient of the weights; the scores' gradient times SCALE; the weights that are kept. GIVEN: sums has for each row
// the sum of the weights' gradient weighted with them.
#if KEEP
#define KEPT_BY(x) ((x) * LOAD(A, keep, AT(2)))
#else
#define KEPT_BY(x) (x)
#endif
#if MORE
#define SLOPE (KEPT_BY(LOAD(A, out, AT(0))) + LOAD(A, more, AT(3)))
#else
#define SLOPE KEPT_BY(LOAD(A, out, AT(0)))
#endif

KERNEL void attention(GLOBAL S(A) *out, GLOBAL const S(A) *weights, GLOBAL const S(A) *keep, GLOBAL const S(A) *more,
                      GLOBAL S(A) *scaled, GLOBAL S(A) *kept, GLOBAL const C(T) *sums, Params p) {
    SHARE_LANES
    FIND_OUTPUT
#if GIVEN
    C(T) sum = sums[o];
#else
    C(T) sum = 0;
    SUM_ELEMENTS(sum, SLOPE * LOAD(A, weights, AT(1)))
#endif
    WALK_ELEMENTS
        C(T) weight = LOAD(A, weights, AT(1)), slope = (SLOPE - sum) * weight;
        STORE(A, out, AT(0), slope);
        STORE(A, scaled, AT(4), slope * SCALE);
#if KEEP
        STORE(A, kept, AT(5), KEPT_BY(weight));
#endif
    WALK_END
}
#endif
