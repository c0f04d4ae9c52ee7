// Batch normalisation of elements, where the statistics of their channel are known. Channels are `outputs`; the
// elements of each are cut into chunks. WEIGHT and BIAS tell whether these are given.

typedef struct {
    WALK
    C(T) k[1];
} Params;

// What belongs to a channel: statistics are contiguous, weight and bias have a step.
#define FIND_SCALE                                                                                                     \
    C(T) mean = means[o], rstd = 1 / sqrt(variances[o] + p.k[0]), scale = rstd;                                        \
    if (WEIGHT) scale *= LOAD(B, weights, base[2]);

#if !BACKWARD
// Arrays: x, out, weight, bias.
KERNEL void channels(GLOBAL const S(A) *x0, GLOBAL S(A) *out, GLOBAL const S(B) *weights, GLOBAL const S(D) *biases,
                     GLOBAL const C(T) *means, GLOBAL const C(T) *variances, Params p) {
    FIND_OUTPUT
    FIND_SCALE
    C(T) shift = BIAS ? LOAD(D, biases, base[3]) : 0;
    WALK_ELEMENTS
        STORE(A, out, AT(1), (LOAD(A, x0, AT(0)) - mean) * scale + shift);
    WALK_END
}
#else
// Arrays: x, out, weight, the gradient of the result. products: sums of g * (x - mean); sums: of g.
KERNEL void channels(GLOBAL const S(A) *x0, GLOBAL S(A) *out, GLOBAL const S(B) *weights, GLOBAL const S(A) *gradients,
                     GLOBAL const C(T) *means, GLOBAL const C(T) *variances, GLOBAL const C(T) *products,
                     GLOBAL const C(T) *sums, Params p) {
    FIND_OUTPUT
    FIND_SCALE
    C(T) n = (C(T))p.count, level = sums[o] / n, slope = products[o] * rstd * rstd / n;
    WALK_ELEMENTS
        C(T) g = LOAD(A, gradients, AT(3)), x = LOAD(A, x0, AT(0)) - mean;
        STORE(A, out, AT(1), (g - x * slope - level) * scale);
    WALK_END
}
#endif
