// Rows of softmax (LOG 0) or its logarithm (LOG 1) and their gradients: every row is one unit, its elements `reduced`.
// COUNT tells which.

typedef struct {
    WALK
} Params;

#if COUNT == 2
// Arrays: x, out. Where out is wide enough, it keeps exponentials from one pass to the next.
KERNEL void softmax(GLOBAL const S(A) *x0, GLOBAL S(A) *out, Params p) {
    SHARE_LANES
    FIND_OUTPUT
    C(T) top = R(F32_OF(0xff800000)), sum = 0;
    JOIN_ELEMENTS(top, top, LARGER, LOAD(A, x0, AT(0)))
    MAX_LANES(top)
#if LOG || HALF
    SUM_ELEMENTS(sum, exp(LOAD(A, x0, AT(0)) - top))
#if LOG
    sum = log(sum);
#endif
    WALK_ELEMENTS
        C(T) low = LOAD(A, x0, AT(0)) - top;
#if LOG
        STORE(A, out, AT(1), low - sum);
#else
        STORE(A, out, AT(1), exp(low) / sum);
#endif
    WALK_END
#else
    WALK_ELEMENTS
        out[AT(1)] = exp(x0[AT(0)] - top);
    WALK_END
    SUM_ELEMENTS(sum, out[AT(1)])
    WALK_ELEMENTS
        out[AT(1)] /= sum;
    WALK_END
#endif
}
#else
// Arrays: the gradient of the result, the result, out.
KERNEL void softmax(GLOBAL const S(A) *x0, GLOBAL const S(A) *x1, GLOBAL S(A) *out, Params p) {
    SHARE_LANES
    FIND_OUTPUT
    C(T) sum = 0;
#if LOG
    SUM_ELEMENTS(sum, LOAD(A, x0, AT(0)))
#else
    SUM_ELEMENTS(sum, LOAD(A, x0, AT(0)) * LOAD(A, x1, AT(1)))
#endif
    WALK_ELEMENTS
        C(T) g = LOAD(A, x0, AT(0)), y = LOAD(A, x1, AT(1));
#if LOG
        STORE(A, out, AT(2), g - exp(y) * sum);
#else
        STORE(A, out, AT(2), (g - sum) * y);
#endif
    WALK_END
}
#endif
