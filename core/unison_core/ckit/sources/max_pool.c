// The largest element of each window, and with INDICES its flat place among the spatial elements; NaN is largest, and
// the first of equals is taken.

KERNEL void max_pool(GLOBAL const S(T) *x, GLOBAL S(T) *out,
#if INDICES
    GLOBAL i64 *indices,
#endif
    Params p) {
    PLACE(p.counts);
    i64 plane = PLANE(0), at = 0;
    for (i32 d = 0; d < 3; d++) {
        // A window that starts in the padding: its first tap inside the data.
        i64 i = COORDINATE(d, q[d], 0);
        at = at * p.size[d] + (i < 0 ? p.dilation[d] - 1 - (-i - 1) % p.dilation[d] : i);
    }
    C(T) best = p.lowest;
    for (i64 s = 0; s < p.kernel_[0]; s++) {
        i64 i = COORDINATE(0, q[0], s);
        if (OUTSIDE(0, i)) continue;
        for (i64 t = 0; t < p.kernel_[1]; t++) {
            i64 j = COORDINATE(1, q[1], t);
            if (OUTSIDE(1, j)) continue;
            for (i64 u = 0; u < p.kernel_[2]; u++) {
                i64 k = COORDINATE(2, q[2], u);
                if (OUTSIDE(2, k)) continue;
                C(T) value = LOAD(T, x, plane + AT(0, i, j, k));
                if (value > best || (IS_NAN(value) && !IS_NAN(best))) {
                    best = value;
                    at = (i * p.size[1] + j) * p.size[2] + k;
                }
            }
        }
    }
    STORE(T, out, item, best);
#if INDICES
    indices[item] = at;
#endif
}
