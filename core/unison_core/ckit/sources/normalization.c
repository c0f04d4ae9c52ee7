// Rows as standard scores (CENTER 1), or divided by their root mean square (CENTER 0), and the gradients; every row is
// one unit, its elements `reduced`. WEIGHT and BIAS tell whether these are given; where not, x stands in for them.

typedef struct {
    WALK
    C(T) k[1];
} Params;

#define EPS p.k[0]

// The mean of a row and the reciprocal of its deviation, in two passes.
#define SQUARE(v) ((v) * (v))
#define FIND_SCORES(xs, place)                                                                                         \
    C(T) mean = 0, power = 0, n = (C(T))p.count;                                                                       \
    if (CENTER) {                                                                                                      \
        SUM_ELEMENTS(mean, LOAD(A, xs, AT(place)))                                                                     \
        mean /= n;                                                                                                     \
    }                                                                                                                  \
    SUM_ELEMENTS(power, SQUARE(LOAD(A, xs, AT(place)) - mean))                                                         \
    C(T) rstd = 1 / sqrt(power / n + EPS);

#if !BACKWARD
// Arrays: x, weight, bias, out.
KERNEL void standardize(GLOBAL const S(A) *x0, GLOBAL const S(B) *x1, GLOBAL const S(D) *x2, GLOBAL S(A) *out, Params p) {
    SHARE_LANES
    FIND_OUTPUT
    FIND_SCORES(x0, 0)
    WALK_ELEMENTS
        C(T) v = (LOAD(A, x0, AT(0)) - mean) * rstd;
#if WEIGHT
        v *= LOAD(B, x1, AT(1));
#endif
#if BIAS
        v += LOAD(D, x2, AT(2));
#endif
        STORE(A, out, AT(3), v);
    WALK_END
}
#else
#if WEIGHT
#define WEIGHTED (LOAD(A, x0, AT(0)) * LOAD(B, x2, AT(2)))
#else
#define WEIGHTED LOAD(A, x0, AT(0))
#endif
// Arrays: the gradient of the result, x, weight, out; then the statistics of each row, for the gradient of weight.
KERNEL void standardize(GLOBAL const S(A) *x0, GLOBAL const S(A) *x1, GLOBAL const S(B) *x2, GLOBAL S(A) *out,
                      GLOBAL C(T) *means, GLOBAL C(T) *rstds, Params p) {
    SHARE_LANES
    FIND_OUTPUT
    FIND_SCORES(x1, 1)
    C(T) level = 0, slope = 0;
    if (CENTER) {
        SUM_ELEMENTS(level, WEIGHTED)
        level /= n;
    }
    SUM_ELEMENTS(slope, WEIGHTED * ((LOAD(A, x1, AT(1)) - mean) * rstd))
    slope /= n;
    WALK_ELEMENTS
        C(T) score = (LOAD(A, x1, AT(1)) - mean) * rstd;
        STORE(A, out, AT(3), rstd * (WEIGHTED - level - score * slope));
    WALK_END
    if (first == 0) {
        means[o] = mean;
        rstds[o] = rstd;
    }
}
#endif
