// Columns (n, c * taps, windows) added up where they overlap: each element of the data sums what its windows hold.

KERNEL void col2im(GLOBAL const S(T) *columns, GLOBAL S(T) *out, Params p) {
    PLACE(p.size);
    i64 taps = p.kernel_[0] * p.kernel_[1] * p.kernel_[2], plane = p.at[0] + n * p.step[0][0] + c * taps * p.step[0][1];
    SUM total = 0;
    for (i64 s = p.kernel_[0] - 1; s >= 0; s--) {
        i64 i = WINDOW(0, q[0], s);
        if (i < 0) continue;
        for (i64 t = p.kernel_[1] - 1; t >= 0; t--) {
            i64 j = WINDOW(1, q[1], t);
            if (j < 0) continue;
            SUM line = 0;
            for (i64 u = p.kernel_[2] - 1; u >= 0; u--) {
                i64 k = WINDOW(2, q[2], u);
                if (k < 0) continue;
                i64 tap = (s * p.kernel_[1] + t) * p.kernel_[2] + u, window = (i * p.counts[1] + j) * p.counts[2] + k;
                line += (SUM)LOAD(T, columns, plane + tap * p.step[0][1] + window * p.step[0][4]);
            }
            total += line;
        }
    }
    STORE(T, out, item, (C(T))total);
}
