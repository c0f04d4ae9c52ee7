// The adjoint of avg_pool: each element gets its share of the g of its windows.

KERNEL void avg_pool_backward(GLOBAL const S(T) *g, GLOBAL S(T) *grad, Params p) {
    PLACE(p.size);
    i64 plane = PLANE(0);
    C(T) total = 0;
    for (i64 s = p.kernel_[0] - 1; s >= 0; s--) {
        i64 i = WINDOW(0, q[0], s);
        if (i < 0) continue;
        for (i64 t = p.kernel_[1] - 1; t >= 0; t--) {
            i64 j = WINDOW(1, q[1], t);
            if (j < 0) continue;
            C(T) line = 0;
            for (i64 u = p.kernel_[2] - 1; u >= 0; u--) {
                i64 k = WINDOW(2, q[2], u);
                if (k < 0) continue;
                i64 share = p.divisor ? p.divisor : SHARE(0, i) * SHARE(1, j) * SHARE(2, k);
                line += LOAD(T, g, plane + AT(0, i, j, k)) / (C(T))share;
            }
            total += line;
        }
    }
    STORE(T, grad, item, total);
}
