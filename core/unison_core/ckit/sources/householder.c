// QR by Householder's reflections 1 - tau v v^H with v[j] = 1; the rest of v lies below the diagonal. One group for a
// matrix, one lane for a column. Golub and Van Loan, Matrix Computations (2013), 5.1 and 5.2.

typedef struct {
    // a is n by m with k reflections; q is n by left, r is left by m.
    i64 n, m, k, left;
} Params;

KERNEL void householder(GLOBAL N *matrices, GLOBAL N *taus, GLOBAL N *qs, GLOBAL N *rs, Params p) {
    SHARED W box[LANES];
    i64 n = p.n, m = p.m, b = GROUP_ID;
    GLOBAL N *a = matrices + b * n * m, *tau = taus + b * p.k, *q = qs + b * n * p.left, *r = rs + b * p.left * m;
    for (i64 j = 0; j < p.k; j++) {
        W most = 0, sum = 0;
        for (i64 i = j + 1 + LANE; i < n; i += LANES) {
            W size = largest_part(a[i * m + j]);
            most = size > most || size != size ? size : most;
        }
        most = largest_of_lanes(box, most);
        for (i64 i = j + 1 + LANE; most > 0 && i < n; i += LANES) sum += square(shared_out(a[i * m + j], most));
        W tail = most * sqrt(sum_of_lanes(box, sum));
        N head = a[j * m + j], turn = number(0, 0);
        W length = hypot(modulus(head), tail), beta = REAL_PART(head) < 0 ? length : -length;
        // Nothing to reflect where only a real head is left.
        i32 still = tail == 0 && is_zero(minus(head, number(REAL_PART(head), 0)));
        WHOLE_BARRIER();
        if (!still) turn = shared_out(minus(number(beta, 0), head), beta);
        for (i64 i = j + 1 + LANE; !still && i < n; i += LANES)
            a[i * m + j] = over(a[i * m + j], minus(head, number(beta, 0)));
        if (LANE == 0) {
            tau[j] = turn;
            if (!still) a[j * m + j] = number(beta, 0);
        }
        WHOLE_BARRIER();
        for (i64 c = j + 1 + LANE; c < m; c += LANES) {
            N dot = a[j * m + c];
            for (i64 i = j + 1; i < n; i++) dot = plus(dot, times(conjugate(a[i * m + j]), a[i * m + c]));
            dot = times(conjugate(turn), dot);
            a[j * m + c] = minus(a[j * m + c], dot);
            for (i64 i = j + 1; i < n; i++) a[i * m + c] = less(a[i * m + c], a[i * m + j], dot);
        }
        WHOLE_BARRIER();
    }
    for (i64 i = 0; i < p.left; i++)
        for (i64 c = LANE; c < m; c += LANES) r[i * m + c] = i <= c ? a[i * m + c] : number(0, 0);
    // Column c of the identity is touched by reflections up to the c-th only.
    for (i64 c = LANE; c < p.left; c += LANES) {
        for (i64 i = 0; i < n; i++) q[i * p.left + c] = number(i == c, 0);
        for (i64 j = c < p.k ? c : p.k - 1; j >= 0; j--) {
            N dot = q[j * p.left + c];
            for (i64 i = j + 1; i < n; i++) dot = plus(dot, times(conjugate(a[i * m + j]), q[i * p.left + c]));
            dot = times(tau[j], dot);
            q[j * p.left + c] = minus(q[j * p.left + c], dot);
            for (i64 i = j + 1; i < n; i++) q[i * p.left + c] = less(q[i * p.left + c], a[i * m + j], dot);
        }
    }
}
