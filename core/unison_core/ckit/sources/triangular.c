// Triangular factors and what is done with them. One group for a matrix; substitution is one item for a column.

typedef struct {
    i64 n, batch;
#ifdef COLUMNS
    // Steps in the matrices a and in the columns of x, and those of their batch of dims dimensions.
    i64 columns, at_a, at_x, row_a, column_a, row_x, column_x, upper, unit, pivoted, dims;
    i64 length[8], step_a[8], step_x[8];
#endif
} Params;

#ifndef COLUMNS
// The lower triangle of a becomes its factor, column by column; the rest zero.
KERNEL void cholesky(GLOBAL N *a, GLOBAL i32 *status, Params p) {
    i64 n = p.n, b = GROUP_ID;
    GLOBAL N *l = a + b * n * n;
    i32 wrong = 0;
    for (i64 j = 0; j < n && !wrong; j++) {
        for (i64 i = j + LANE; i < n; i += LANES) {
            N s = l[i * n + j];
            for (i64 k = 0; k < j; k++) s = less(s, l[i * n + k], conjugate(l[j * n + k]));
            l[i * n + j] = s;
        }
        WHOLE_BARRIER();
        W d = REAL_PART(l[j * n + j]);
        WHOLE_BARRIER();
        if (!(d > 0)) wrong = (i32)j + 1;
        W root = sqrt(d);
        for (i64 i = j + LANE; i < n; i += LANES)
            l[i * n + j] = i == j ? number(root, 0) : shared_out(l[i * n + j], root);
        WHOLE_BARRIER();
    }
    for (i64 i = 0; i < n; i++)
        for (i64 j = i + 1 + LANE; j < n; j += LANES) l[i * n + j] = number(0, 0);
    if (LANE == 0) status[b] = wrong;
}

// a becomes the unit lower and the upper factor of its rows in another order: row k was changed with row pivots[k].
KERNEL void lu(GLOBAL N *matrices, GLOBAL i64 *pivots, GLOBAL i32 *status, Params p) {
    SHARED W best[LANES];
    SHARED i64 where[LANES];
    i64 n = p.n, b = GROUP_ID;
    GLOBAL N *a = matrices + b * n * n;
    i32 wrong = 0;
    for (i64 k = 0; k < n; k++) {
        W most = -1;
        i64 at = k;
        for (i64 i = k + LANE; i < n; i += LANES) {
            W size = modulus(a[i * n + k]);
            if (size > most) most = size, at = i;
        }
        best[LANE] = most;
        where[LANE] = at;
        BARRIER();
        most = best[0], at = where[0];
        for (i32 i = 1; i < LANES; i++)
            if (best[i] > most || (best[i] == most && where[i] < at)) most = best[i], at = where[i];
        if (LANE == 0) pivots[b * n + k] = at;
        for (i64 j = LANE; at != k && j < n; j += LANES) {
            N upper = a[k * n + j];
            a[k * n + j] = a[at * n + j];
            a[at * n + j] = upper;
        }
        WHOLE_BARRIER();
        N pivot = a[k * n + k];
        i32 none = is_zero(pivot);
        if (none && !wrong) wrong = (i32)k + 1;
        for (i64 i = k + 1 + LANE; !none && i < n; i += LANES) a[i * n + k] = over(a[i * n + k], pivot);
        WHOLE_BARRIER();
        for (i64 i = k + 1; !none && i < n; i++) {
            N factor = a[i * n + k];
            for (i64 j = k + 1 + LANE; j < n; j += LANES) a[i * n + j] = less(a[i * n + j], factor, a[k * n + j]);
        }
        WHOLE_BARRIER();
    }
    if (LANE == 0) status[b] = wrong;
}

// From the factors of lu: the determinant's phase and the logarithm of its modulus.
KERNEL void slogdet(GLOBAL const N *a, GLOBAL const i64 *pivots, GLOBAL N *sign, GLOBAL W *log_modulus, Params p) {
    i64 b = ITEM_ID, n = p.n;
    if (b >= p.batch) return;
    N phase = number(1, 0);
    W sum = 0;
    for (i64 k = 0; k < n; k++) {
        N d = a[(b * n + k) * n + k];
        W size = modulus(d);
        if (pivots[b * n + k] != k) phase = minus(number(0, 0), phase);
        phase = size == 0 ? number(0, 0) : times(phase, shared_out(d, size));
        sum += log(size);
    }
    sign[b] = phase;
    log_modulus[b] = sum;
}
#else
// One column of x becomes the solution of a x = x; its rows change places first where pivots say so.
KERNEL void substitute(GLOBAL const N *matrices, GLOBAL const i64 *pivots, GLOBAL N *solutions, Params p) {
    i64 item = ITEM_ID, n = p.n, m = p.columns, row = p.row_x;
    if (item >= p.batch * m) return;
    i64 b = item / m, rest = b, at_a = p.at_a, at_x = p.at_x + item % m * p.column_x, at_pivots = 0;
    for (i64 d = p.dims - 1; d >= 0; d--) {
        i64 part = rest % p.length[d];
        rest /= p.length[d];
        at_a += part * p.step_a[d];
        at_x += part * p.step_x[d];
    }
    GLOBAL const N *a = matrices + at_a;
    GLOBAL N *x = solutions + at_x;
    // The factors of lu lie one after the other, and so do their pivots.
    if (p.pivoted) at_pivots = at_a / n;
    for (i64 k = 0; p.pivoted && k < n; k++) {
        i64 other = pivots[at_pivots + k];
        N upper = x[k * row];
        x[k * row] = x[other * row];
        x[other * row] = upper;
    }
    for (i64 step = 0; step < n; step++) {
        i64 i = p.upper ? n - 1 - step : step, first = p.upper ? i + 1 : 0, end = p.upper ? n : i;
        N s = x[i * row];
        for (i64 k = first; k < end; k++) s = less(s, a[i * p.row_a + k * p.column_a], x[k * row]);
        x[i * row] = p.unit ? s : over(s, a[i * p.row_a + i * p.column_a]);
    }
}
#endif
