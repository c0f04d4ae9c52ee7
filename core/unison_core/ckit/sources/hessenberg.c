// Eigenvalues and eigenvectors of any square matrix, in complex arithmetic: reduction to Hessenberg's form by
// reflections, QR steps with Wilkinson's shift, substitution in the triangle. One item for a matrix.
// Golub and Van Loan, Matrix Computations (2013), 7.4 to 7.6.

#define STEPS 40

typedef struct {
    i64 n, batch, at;
} Params;

FN N root_of(N z) {
    W size = modulus(z), re = sqrt((size + fabs(z.re)) / 2);
    if (re == 0) return number(0, 0);
    W im = z.im / (2 * re);
    return z.re >= 0 ? number(re, im) : number(fabs(im), z.im < 0 ? -re : re);
}

// Rows and columns below first are made zero behind the diagonal; z gathers the reflections.
FN void reduce(GLOBAL N *h, GLOBAL N *z, GLOBAL N *u, i64 n) {
    for (i64 k = 0; k + 2 < n; k++) {
        W most = 0, sum = 0;
        for (i64 i = k + 2; i < n; i++) most = fmax(most, largest_part(h[i * n + k]));
        if (most == 0) continue;
        for (i64 i = k + 2; i < n; i++) sum += square(shared_out(h[i * n + k], most));
        N head = h[(k + 1) * n + k];
        W length = hypot(modulus(head), most * sqrt(sum)), beta = head.re < 0 ? length : -length;
        N turn = shared_out(minus(number(beta, 0), head), beta);
        u[k + 1] = number(1, 0);
        for (i64 i = k + 2; i < n; i++) u[i] = over(h[i * n + k], minus(head, number(beta, 0)));
        for (i64 c = k; c < n; c++) {
            N dot = number(0, 0);
            for (i64 i = k + 1; i < n; i++) dot = plus(dot, times(conjugate(u[i]), h[i * n + c]));
            dot = times(conjugate(turn), dot);
            for (i64 i = k + 1; i < n; i++) h[i * n + c] = less(h[i * n + c], u[i], dot);
        }
        for (i64 r = 0; r < 2 * n; r++) {
            GLOBAL N *row = r < n ? h + r * n : z + (r - n) * n;
            N dot = number(0, 0);
            for (i64 i = k + 1; i < n; i++) dot = plus(dot, times(row[i], u[i]));
            dot = times(turn, dot);
            for (i64 i = k + 1; i < n; i++) row[i] = less(row[i], dot, conjugate(u[i]));
        }
        for (i64 i = k + 2; i < n; i++) h[i * n + k] = number(0, 0);
    }
}

// The eigenvalue of the last two rows' corner nearer to its last entry; every tenth time another number.
FN N shift_of(GLOBAL const N *h, i64 n, i64 end, i32 step) {
    N a = h[(end - 1) * n + end - 1], d = h[end * n + end], c = h[end * n + end - 1];
    N bc = times(h[(end - 1) * n + end], c), middle = scaled(minus(a, d), (W)0.5);
    if (step % 10 == 9) return plus(d, number(modulus(c), 0));
    N root = root_of(plus(times(middle, middle), bc)), one = plus(middle, root), two = minus(middle, root);
    N far = modulus(one) > modulus(two) ? one : two;
    return is_zero(far) ? d : minus(d, over(bc, far));
}

// One QR step on rows first to end with Givens' rotations.
FN void step_of(GLOBAL N *h, GLOBAL N *z, GLOBAL N *u, GLOBAL W *cosines, i64 n, i64 first, i64 end, N shift) {
    for (i64 i = first; i <= end; i++) h[i * n + i] = minus(h[i * n + i], shift);
    for (i64 i = first; i < end; i++) {
        N x = h[i * n + i], y = h[(i + 1) * n + i];
        W size = hypot(modulus(x), modulus(y)), big = modulus(x), c = big == 0 ? 0 : big / size;
        // [c s; -conj(s) c] brings y to zero.
        N s = number(1, 0);
        if (size == 0) c = 1, s = number(0, 0);
        else if (big == 0) s = conjugate(shared_out(y, size));
        else s = times(shared_out(x, big), conjugate(shared_out(y, size)));
        cosines[i] = c;
        u[i] = s;
        for (i64 k = i; k < n; k++) {
            N upper = h[i * n + k], lower = h[(i + 1) * n + k];
            h[i * n + k] = plus(scaled(upper, c), times(s, lower));
            h[(i + 1) * n + k] = less(scaled(lower, c), conjugate(s), upper);
        }
        h[(i + 1) * n + i] = number(0, 0);
    }
    for (i64 i = first; i < end; i++) {
        W c = cosines[i];
        N s = u[i];
        i64 rows = i + 2 <= end ? i + 2 : end + 1;
        for (i64 r = 0; r < rows + n; r++) {
            GLOBAL N *row = r < rows ? h + r * n : z + (r - rows) * n;
            N left = row[i], right = row[i + 1];
            row[i] = plus(scaled(left, c), times(right, conjugate(s)));
            row[i + 1] = less(scaled(right, c), left, s);
        }
    }
    for (i64 i = first; i <= end; i++) h[i * n + i] = plus(h[i * n + i], shift);
}

KERNEL void eig(
    GLOBAL const W *x, GLOBAL N *forms, GLOBAL N *bases, GLOBAL N *works, GLOBAL W *turns, GLOBAL N *values,
    GLOBAL N *vectors, GLOBAL i32 *status, Params p) {
    i64 n = p.n, b = ITEM_ID;
    if (b >= p.batch) return;
    GLOBAL N *h = forms + b * n * n, *z = bases + b * n * n, *u = works + b * n;
    W most = 0, sum = 0, scale = 1;
#if COMPLEX_INPUT
    x += 2 * (p.at + b * n * n);
#else
    x += p.at + b * n * n;
#endif
    for (i64 i = 0; i < n * n; i++) {
#if COMPLEX_INPUT
        h[i] = number(x[2 * i], x[2 * i + 1]);
#else
        h[i] = number(x[i], 0);
#endif
        z[i] = number(i / n == i % n, 0);
        W size = largest_part(h[i]) + fabs(h[i].im - h[i].im);
        most = size > most || size != size ? size : most;
    }
    status[b] = !(most - most == 0);
    if (status[b]) return;
    scale = scale_for(most);
    for (i64 i = 0; i < n * n; i++) {
        h[i] = scaled(h[i], scale);
        sum += square(h[i]);
    }
    W small = EPS * sqrt(sum);
    reduce(h, z, u, n);
    i32 step = 0;
    for (i64 end = n - 1; end > 0;) {
        i64 first = end;
        for (; first > 0; first--) {
            W beside = modulus(h[first * n + first]) + modulus(h[(first - 1) * n + first - 1]);
            if (modulus(h[first * n + first - 1]) <= EPS * (beside == 0 ? small : beside) / 2) break;
        }
        if (first > 0) h[first * n + first - 1] = number(0, 0);
        if (first == end) {
            end--;
            step = 0;
        } else if (step == STEPS) {
            status[b] = 1;
            return;
        } else {
            step_of(h, z, u, turns + b * n, n, first, end, shift_of(h, n, end, step));
            step++;
        }
    }
    for (i64 k = 0; k < n; k++) {
        N own = h[k * n + k];
        values[b * n + k] = shared_out(own, scale);
        u[k] = number(1, 0);
        for (i64 i = k - 1; i >= 0; i--) {
            N s = number(0, 0), d = minus(h[i * n + i], own);
            for (i64 j = i + 1; j <= k; j++) s = less(s, h[i * n + j], u[j]);
            // Equal eigenvalues are told apart by a rounding.
            if (modulus(d) <= small) d = number(small == 0 ? 1 : small, 0);
            u[i] = over(s, d);
            W size = modulus(u[i]);
            for (i64 j = i; size > (W)1e8 && j <= k; j++) u[j] = shared_out(u[j], size);
        }
        W length = 0, big = 0;
        for (i64 r = 0; r < n; r++) {
            N dot = number(0, 0);
            for (i64 j = 0; j <= k; j++) dot = plus(dot, times(z[r * n + j], u[j]));
            vectors[(b * n + r) * n + k] = dot;
            big = fmax(big, largest_part(dot));
        }
        for (i64 r = 0; r < n; r++) length += square(shared_out(vectors[(b * n + r) * n + k], big));
        length = sqrt(length) * big;
        for (i64 r = 0; r < n; r++) {
            GLOBAL N *place = vectors + (b * n + r) * n + k;
            *place = shared_out(*place, length);
        }
    }
}
