// The sum of each window over its share; of integers towards zero. SUM is the type of the sum.

KERNEL void avg_pool(GLOBAL const S(T) *x, GLOBAL S(T) *out, Params p) {
    PLACE(p.counts);
    i64 plane = PLANE(0);
    SUM total = 0;
    for (i64 s = 0; s < p.kernel_[0]; s++) {
        i64 i = COORDINATE(0, q[0], s);
        if (OUTSIDE(0, i)) continue;
        for (i64 t = 0; t < p.kernel_[1]; t++) {
            i64 j = COORDINATE(1, q[1], t);
            if (OUTSIDE(1, j)) continue;
            SUM line = 0;
            for (i64 u = 0; u < p.kernel_[2]; u++) {
                i64 k = COORDINATE(2, q[2], u);
                if (!OUTSIDE(2, k)) line += (SUM)LOAD(T, x, plane + AT(0, i, j, k));
            }
            total += line;
        }
    }
    i64 share = p.divisor ? p.divisor : SHARE(0, q[0]) * SHARE(1, q[1]) * SHARE(2, q[2]);
    STORE(T, out, item, (C(T))(total / (SUM)share));
}
