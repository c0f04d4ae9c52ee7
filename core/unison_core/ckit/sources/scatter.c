// out[line, index[line, j]] = FOLD of what is there (a) and source[line, j] (b), for j in rising order.
//
// An item owns a line, or `span` targets of one where lines are few: it meets every j and keeps to its own targets, so
// that sums do not depend on the order in which items run. With TERM, what is added, sums are Kahan's: `lost` keeps what
// each has lost by rounding so far (Further Remarks on Reducing Truncation Errors, 1965). `out` has dtype O, the source A; FOLD computes in T.

typedef struct {
    i64 lines, parts, span, targets, count;
    i64 at[3], along[3];
    i64 n[DIMS], step[3][DIMS];
#if CONSTANTS
    C(T) k[CONSTANTS];
#endif
} Params;

#define K(i) p.k[i]

KERNEL void scatter(
    GLOBAL const i64 *index, GLOBAL const S(A) *source, GLOBAL S(O) *out,
#ifdef TERM
    GLOBAL S(O) *lost,
#endif
    Params p) {
    i64 item = ITEM_ID;
    if (item >= p.lines * p.parts) return;
    i64 rest = item % p.lines, low = item / p.lines * p.span, at[3];
    i64 high = low + p.span < p.targets ? low + p.span : p.targets;
    for (i32 x = 0; x < 3; x++) at[x] = p.at[x];
    for (i32 d = 0; d < DIMS; d++) {
        i64 part = rest % p.n[d];
        rest /= p.n[d];
        for (i32 x = 0; x < 3; x++) at[x] += part * p.step[x][d];
    }
    for (i64 j = 0; j < p.count; j++) {
        i64 target = index[at[0] + j * p.along[0]];
        if (target < 0) target += p.targets;
        if (target < low || target >= high) continue;
        i64 place = at[2] + target * p.along[2];
        C(A) b = LOAD(A, source, at[1] + j * p.along[1]);
#ifdef REPLACES
        STORE(O, out, place, b);
#elif defined(TERM)
        C(O) a = LOAD(O, out, place), term = TERM - LOAD(O, lost, place), sum = a + term, rest = (sum - a) - term;
        // Infinity has lost nothing.
        STORE(O, lost, place, rest - rest == 0 ? rest : 0);
        STORE(O, out, place, sum);
#else
        C(O) a = LOAD(O, out, place);
        STORE(O, out, place, FOLD);
#endif
    }
}
