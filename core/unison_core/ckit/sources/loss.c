// Cross-entropy of scores x with classes along `reduced`, one unit for each place: softmax, logarithm and choice of
// the class in one go. A class equal to `ignored` weighs nothing; one that does not exist is never read.

typedef struct {
    WALK
    i64 ignored;
} Params;

// The class t of this place and its weight.
#define FIND_WEIGHT(targets, weights)                                                                                  \
    i64 t = targets[base[2]];                                                                                          \
    i32 known = t >= 0 && t < p.count;                                                                                 \
    C(T) weight = t == p.ignored ? R(0) : known ? R(1) : R(F32_OF(0x7fc00000));                                        \
    if (WEIGHT && known && t != p.ignored) weight = LOAD(A, weights, base[3] + t * p.step[3][0]);

#if !BACKWARD
// Arrays: x, x again, target, weight; then results for each place: the loss, log(sum(exp(x))), the weight.
KERNEL void cross_entropy(GLOBAL const S(A) *x0, GLOBAL const i64 *targets, GLOBAL const S(A) *weights,
                          GLOBAL S(O) *losses, GLOBAL S(T) *sums, GLOBAL S(T) *shares, Params p) {
    SHARE_LANES
    FIND_OUTPUT
    C(T) top = R(F32_OF(0xff800000)), sum = 0;
    JOIN_ELEMENTS(top, top, LARGER, LOAD(A, x0, AT(0)))
    MAX_LANES(top)
    // Where all scores are -inf or one is inf, the logarithm is that.
    C(T) low = top - top == 0 ? top : R(0);
    SUM_ELEMENTS(sum, exp(LOAD(A, x0, AT(0)) - low))
    if (first) return;
    FIND_WEIGHT(targets, weights)
    sum = log(sum);
    C(T) picked = known ? LOAD(A, x0, base[0] + t * p.step[0][0]) - low : R(0);
    STORE(O, losses, o, weight == 0 ? R(0) : (sum - picked) * weight);
    sums[o] = sum + low;
    shares[o] = weight;
}
#else
// Arrays: x, out, target, weight, the gradient of the loss, log(sum(exp(x))), and the sum of weights that a mean is
// divided by.
KERNEL void cross_entropy(GLOBAL const S(A) *x0, GLOBAL S(A) *out, GLOBAL const i64 *targets,
                          GLOBAL const S(A) *weights, GLOBAL const S(B) *gradients, GLOBAL const S(T) *sums,
                          GLOBAL const S(T) *total, Params p) {
    FIND_OUTPUT
    FIND_WEIGHT(targets, weights)
    C(T) share = LOAD(B, gradients, base[4]), sum = sums[base[5]];
#if MEAN
    share /= total[base[6]];
#endif
    share = weight == 0 ? R(0) : share * weight;
    WALK_ELEMENTS
        C(T) part = exp(LOAD(A, x0, AT(0)) - sum);
        STORE(A, out, AT(1), (ELEMENT == t ? part - 1 : part) * share);
    WALK_END
}
#endif
