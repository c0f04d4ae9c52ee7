// Rows of softmax (LOG 0) or its logarithm (LOG 1) and their gradients: every row is one unit, its elements `reduced`.
// COUNT tells which.

typedef struct {
    WALK
} Params;

#if COUNT == 2
// Arrays: x, out.
KERNEL void softmax(GLOBAL const S(A) *x0, GLOBAL S(A) *out, Params p) {
    LANES_SHARED
    FIND_OUTPUT
    C(T) top = R(F32_OF(0xff800000)), sum = 0;
    for (r = first; r < end; r += STEP) {
        FIND_ELEMENT(r)
        C(T) v = LOAD(A, x0, at[0]);
        if (v > top) top = v;
    }
    MAX_LANES(top)
    for (r = first; r < end; r += STEP) {
        FIND_ELEMENT(r)
        sum += exp(LOAD(A, x0, at[0]) - top);
    }
    SUM_LANES(sum)
#if LOG
    sum = log(sum);
#endif
    for (r = first; r < end; r += STEP) {
        FIND_ELEMENT(r)
        C(T) low = LOAD(A, x0, at[0]) - top;
#if LOG
        STORE(A, out, at[1], low - sum);
#else
        STORE(A, out, at[1], exp(low) / sum);
#endif
    }
}

#else
// Arrays: the gradient of the result, the result, out.
KERNEL void softmax(GLOBAL const S(A) *x0, GLOBAL const S(A) *x1, GLOBAL S(A) *out, Params p) {
    LANES_SHARED
    FIND_OUTPUT
    C(T) sum = 0;
    for (r = first; r < end; r += STEP) {
        FIND_ELEMENT(r)
#if LOG
        sum += LOAD(A, x0, at[0]);
#else
        sum += LOAD(A, x0, at[0]) * LOAD(A, x1, at[1]);
#endif
    }
    SUM_LANES(sum)
    for (r = first; r < end; r += STEP) {
        FIND_ELEMENT(r)
        C(T) g = LOAD(A, x0, at[0]), y = LOAD(A, x1, at[1]);
#if LOG
        STORE(A, out, at[2], g - exp(y) * sum);
#else
        STORE(A, out, at[2], (g - sum) * y);
#endif
    }
}
#endif
