// Jacobi's rotations, in rounds of pairs that do not touch one another. One group for a matrix.

#define SWEEPS 40

typedef struct {
    // eigh: n by n; flag says that the upper triangle counts. svd: the n columns of a tall matrix of m rows lie one
    // after the other; flag says that it is the adjoint of the one that was asked for, whose left vectors are then its
    // right ones. left, right: steps of the results from row to row and from column to column.
    i64 n, m, flag;
    i64 left[2], right[2];
} Params;

#ifdef EIGH
KERNEL void eigh(
    GLOBAL N *matrices, GLOBAL N *bases, GLOBAL N *phases, GLOBAL W *turns, GLOBAL W *values, GLOBAL N *vectors,
    GLOBAL i32 *status, Params p) {
    SHARED W box[LANES];
    SHARED i32 turned[1];
    i64 n = p.n, b = GROUP_ID, pairs = (n + 1) / 2, rounds = n + (n & 1) - 1, one, two;
    GLOBAL N *a = matrices + b * n * n, *v = bases + b * n * n, *phase = phases + b * pairs;
    GLOBAL W *turn = turns + b * pairs * 4;
    for (i64 i = 0; i < n; i++)
        for (i64 j = i + LANE; j < n; j += LANES) {
            if (i == j) a[i * n + i] = number(REAL_PART(a[i * n + i]), 0);
            else if (p.flag) a[j * n + i] = conjugate(a[i * n + j]);
            else a[i * n + j] = conjugate(a[j * n + i]);
        }
    WHOLE_BARRIER();
    W most = largest_element(a, n * n, box), scale = 1, sum = 0;
    i32 finite = most - most == 0;
    if (finite) scale = scale_for(most);
    for (i64 i = LANE; i < n * n; i += LANES) {
        a[i] = scaled(a[i], scale);
        v[i] = number(i / n == i % n, 0);
        sum += square(a[i]);
    }
    // Entries below the limit add up to no more than half a unit of the norm.
    W limit = EPS * sqrt(sum_of_lanes(box, sum)) / (4 * n);
    i32 again = finite;
    for (i32 sweep = 0; again && sweep < SWEEPS; sweep++) {
        if (LANE == 0) turned[0] = 0;
        WHOLE_BARRIER();
        for (i64 round = 0; round < rounds; round++) {
            for (i64 i = LANE; i < pairs; i += LANES) {
                pair_of_round(n, round, i, &one, &two);
                W s = 0, h = 0;
                phase[i] = number(1, 0);
                if (two < n) {
                    N g = a[one * n + two];
                    W size = modulus(g);
                    if (size > limit) {
                        W x = REAL_PART(a[one * n + one]), y = REAL_PART(a[two * n + two]);
                        W shift = size * rotation(x, y, size, &s, &h);
                        turn[4 * i + 2] = x - shift;
                        turn[4 * i + 3] = y + shift;
                        phase[i] = conjugate(shared_out(g, size));
                        turned[0] = 1;
                    }
                }
                turn[4 * i] = s;
                turn[4 * i + 1] = h;
            }
            WHOLE_BARRIER();
            for (i64 i = 0; i < pairs; i++) {
                pair_of_round(n, round, i, &one, &two);
                W s = turn[4 * i], h = turn[4 * i + 1];
                for (i64 k = LANE; s != 0 && k < n; k += LANES) {
                    rotate(a + k * n + one, a + k * n + two, phase[i], s, h);
                    rotate(v + k * n + one, v + k * n + two, phase[i], s, h);
                }
            }
            WHOLE_BARRIER();
            for (i64 i = 0; i < pairs; i++) {
                pair_of_round(n, round, i, &one, &two);
                W s = turn[4 * i], h = turn[4 * i + 1];
                N back = conjugate(phase[i]);
                for (i64 k = LANE; s != 0 && k < n; k += LANES) {
                    rotate(a + one * n + k, a + two * n + k, back, s, h);
                    // The pair's own four numbers are known better.
                    if (k == one) a[one * n + k] = number(turn[4 * i + 2], 0), a[two * n + k] = number(0, 0);
                    if (k == two) a[two * n + k] = number(turn[4 * i + 3], 0), a[one * n + k] = number(0, 0);
                }
            }
            WHOLE_BARRIER();
        }
        again = turned[0];
        WHOLE_BARRIER();
    }
    // Every lane finds the places of its values among the others, in rising order.
    for (i64 i = LANE; i < n; i += LANES) {
        W own = REAL_PART(a[i * n + i]);
        i64 rank = 0;
        for (i64 j = 0; j < n; j++) {
            W other = REAL_PART(a[j * n + j]);
            rank += other < own || (other == own && j < i);
        }
        values[b * n + rank] = own / scale;
        for (i64 k = 0; k < n; k++) vectors[(b * n + k) * n + rank] = v[k * n + i];
    }
    if (LANE == 0) status[b] = !finite || again;
}
#else
// One-sided: the columns are turned until each is at right angles to the others; their lengths are the singular values.
// A lane has a pair. Status 2: columns of zeros, in whose stead any that complete the basis will do.
KERNEL void svd(
    GLOBAL N *matrices, GLOBAL N *bases, GLOBAL W *lengths, GLOBAL N *lefts, GLOBAL W *values, GLOBAL N *rights,
    GLOBAL i32 *status, Params p) {
    SHARED W box[LANES];
    SHARED i32 turned[1];
    i64 n = p.n, m = p.m, b = GROUP_ID, pairs = (n + 1) / 2, rounds = n + (n & 1) - 1, one, two;
    GLOBAL N *g = matrices + b * n * m, *v = bases + b * n * n;
    GLOBAL W *length = lengths + b * n;
    W most = largest_element(g, n * m, box), scale = 1, limit = EPS * (1 + sqrt((W)m) / 8);
    i32 finite = most - most == 0;
    if (finite) scale = scale_for(most);
    for (i64 i = LANE; i < n * m; i += LANES) g[i] = scaled(p.flag ? conjugate(g[i]) : g[i], scale);
    for (i64 i = LANE; i < n * n; i += LANES) v[i] = number(i / n == i % n, 0);
    i32 again = finite;
    for (i32 sweep = 0; again && sweep < SWEEPS; sweep++) {
        if (LANE == 0) turned[0] = 0;
        WHOLE_BARRIER();
        for (i64 round = 0; round < rounds; round++) {
            for (i64 i = LANE; i < pairs; i += LANES) {
                pair_of_round(n, round, i, &one, &two);
                if (two >= n) continue;
                GLOBAL N *x = g + one * m, *y = g + two * m;
                W first = 0, second = 0, s, h;
                N dot = number(0, 0);
                for (i64 k = 0; k < m; k++) {
                    first += square(x[k]);
                    second += square(y[k]);
                    dot = plus(dot, times(conjugate(x[k]), y[k]));
                }
                W size = modulus(dot);
                if (!(size > limit * sqrt(first) * sqrt(second))) continue;
                turned[0] = 1;
                rotation(first, second, size, &s, &h);
                N phase = conjugate(shared_out(dot, size));
                for (i64 k = 0; k < m; k++) rotate(x + k, y + k, phase, s, h);
                for (i64 k = 0; k < n; k++) rotate(v + one * n + k, v + two * n + k, phase, s, h);
            }
            WHOLE_BARRIER();
        }
        again = turned[0];
        WHOLE_BARRIER();
    }
    W gap = 0;
    for (i64 j = LANE; j < n; j += LANES) {
        W sum = 0;
        for (i64 k = 0; k < m; k++) sum += square(g[j * m + k]);
        length[j] = sum < TINY * TINY ? 0 : sqrt(sum);
        if (length[j] == 0) gap = 1;
    }
    gap = largest_of_lanes(box, gap);
    WHOLE_BARRIER();
    // The largest first.
    for (i64 j = LANE; j < n; j += LANES) {
        W own = length[j];
        i64 rank = 0;
        for (i64 i = 0; i < n; i++) rank += length[i] > own || (length[i] == own && i < j);
        values[b * n + rank] = own / scale;
        for (i64 k = 0; k < m; k++) {
            N part = own == 0 ? number(0, 0) : shared_out(g[j * m + k], own);
            lefts[b * m * n + k * p.left[0] + rank * p.left[1]] = p.flag ? conjugate(part) : part;
        }
        for (i64 k = 0; k < n; k++) {
            N part = v[j * n + k];
            rights[b * n * n + k * p.right[0] + rank * p.right[1]] = p.flag ? part : conjugate(part);
        }
    }
    if (LANE == 0) status[b] = !finite ? 1 : gap > 0 ? 2 : 0;
}
#endif
