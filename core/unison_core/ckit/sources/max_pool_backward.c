// The gradient of max_pool at each element of x: the sum of g over the windows in which it is the first of the largest.
// Arrays: g, x, out (what max_pool gave).

#define HIT(value, top) ((value) == (top) || IS_NAN(value))

KERNEL void max_pool_backward(
    GLOBAL const S(T) *g, GLOBAL const S(T) *x, GLOBAL const S(T) *out, GLOBAL S(T) *grad, Params p) {
    PLACE(p.size);
    i64 plane_g = PLANE(0), plane = PLANE(1), plane_out = PLANE(2);
    C(T) value = LOAD(T, x, plane + AT(1, q[0], q[1], q[2])), total = 0;
    for (i64 s = p.kernel_[0] - 1; s >= 0; s--) {
        i64 i = WINDOW(0, q[0], s);
        if (i < 0) continue;
        for (i64 t = p.kernel_[1] - 1; t >= 0; t--) {
            i64 j = WINDOW(1, q[1], t);
            if (j < 0) continue;
            for (i64 u = p.kernel_[2] - 1; u >= 0; u--) {
                i64 k = WINDOW(2, q[2], u);
                if (k < 0) continue;
                C(T) top = LOAD(T, out, plane_out + AT(2, i, j, k));
                i32 first = HIT(value, top);
                // Taps before this one: any that is as large comes first.
                i64 before = (s * p.kernel_[1] + t) * p.kernel_[2] + u;
                for (i64 tap = 0; first && tap < before; tap++) {
                    i64 row = tap / p.kernel_[2];
                    i64 a = COORDINATE(0, i, row / p.kernel_[1]), b = COORDINATE(1, j, row % p.kernel_[1]);
                    i64 e = COORDINATE(2, k, tap % p.kernel_[2]);
                    if (OUTSIDE(0, a) || OUTSIDE(1, b) || OUTSIDE(2, e)) continue;
                    C(T) other = LOAD(T, x, plane + AT(1, a, b, e));
                    first = !HIT(other, top);
                }
                if (first) total += LOAD(T, g, plane_g + AT(0, i, j, k));
            }
        }
    }
    STORE(T, grad, item, total);
}
