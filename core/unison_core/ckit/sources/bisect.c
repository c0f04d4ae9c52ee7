// out[i] = where value i belongs in its line of `length` ordered elements, before equals or, if RIGHT, after them. NaN
// counts as largest. `values` many belong to a line; with one line, all do.

typedef struct {
    i64 count, length, values, at, from;
} Params;

#define LESS(a, b) (IS_NAN(b) ? !IS_NAN(a) : (a) < (b))

KERNEL void bisect(GLOBAL const S(A) *ordered, GLOBAL const S(A) *x, GLOBAL i64 *out, Params p) {
    i64 i = ITEM_ID;
    if (i >= p.count) return;
    i64 line = p.at + i / p.values * p.length, low = 0, high = p.length;
    C(A) v = LOAD(A, x, p.from + i);
    while (low < high) {
        i64 middle = low + (high - low) / 2;
        C(A) w = LOAD(A, ordered, line + middle);
        if (RIGHT ? !LESS(v, w) : LESS(w, v)) low = middle + 1;
        else high = middle;
    }
    out[i] = low;
}
