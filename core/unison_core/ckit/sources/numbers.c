// Numbers of decompositions: W is f32 or f64; N is W, or a pair of them where COMPLEX is 1. EPS is the distance from 1
// to the next number. LANES work-items share one matrix; a box holds a W of each.

#define LANE LOCAL_ID

#if COMPLEX
typedef struct {
    W re, im;
} N;
FN N number(W re, W im) {
    N z;
    z.re = re;
    z.im = im;
    return z;
}
#define REAL_PART(z) ((z).re)
FN N plus(N a, N b) { return number(a.re + b.re, a.im + b.im); }
FN N minus(N a, N b) { return number(a.re - b.re, a.im - b.im); }
FN N times(N a, N b) { return number(a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re); }
FN N scaled(N a, W s) { return number(a.re * s, a.im * s); }
FN N shared_out(N a, W s) { return number(a.re / s, a.im / s); }
FN N conjugate(N a) { return number(a.re, -a.im); }
FN W modulus(N a) { return hypot(a.re, a.im); }
FN W square(N a) { return a.re * a.re + a.im * a.im; }
FN W largest_part(N a) { return fabs(a.re) > fabs(a.im) || a.re != a.re ? fabs(a.re) : fabs(a.im); }
FN i32 is_zero(N a) { return a.re == 0 && a.im == 0; }
// Smith's way: no square of a part is formed.
FN N over(N a, N b) {
    if (fabs(b.re) >= fabs(b.im)) {
        W r = b.im / b.re, d = b.re + b.im * r;
        return number((a.re + a.im * r) / d, (a.im - a.re * r) / d);
    }
    W r = b.re / b.im, d = b.re * r + b.im;
    return number((a.re * r + a.im) / d, (a.im * r - a.re) / d);
}
#else
typedef W N;
FN N number(W re, W im) { return re; }
#define REAL_PART(z) (z)
FN N plus(N a, N b) { return a + b; }
FN N minus(N a, N b) { return a - b; }
FN N times(N a, N b) { return a * b; }
FN N scaled(N a, W s) { return a * s; }
FN N shared_out(N a, W s) { return a / s; }
FN N conjugate(N a) { return a; }
FN W modulus(N a) { return fabs(a); }
FN W square(N a) { return a * a; }
FN W largest_part(N a) { return fabs(a); }
FN i32 is_zero(N a) { return a == 0; }
FN N over(N a, N b) { return a / b; }
#endif

// a - b * c.
FN N less(N a, N b, N c) { return minus(a, times(b, c)); }

FN W sum_of_lanes(LOCAL W *box, W mine) {
    W sum = 0;
    box[LANE] = mine;
    BARRIER();
    for (i32 i = 0; i < LANES; i++) sum += box[i];
    BARRIER();
    return sum;
}

// NaN wins.
FN W largest_of_lanes(LOCAL W *box, W mine) {
    W most = 0;
    box[LANE] = mine;
    BARRIER();
    for (i32 i = 0; i < LANES; i++) most = box[i] > most || box[i] != box[i] ? box[i] : most;
    BARRIER();
    return most;
}

FN W largest_element(GLOBAL const N *a, i64 count, LOCAL W *box) {
    W most = 0;
    for (i64 i = LANE; i < count; i += LANES) {
        W size = largest_part(a[i]);
        most = size > most || size != size ? size : most;
    }
    return largest_of_lanes(box, most);
}

// A power of two that brings a positive finite number near 1.
FN W scale_for(W most) {
    W scale = 1;
    while (most * scale > 2) scale *= (W)0.5;
    while (most > 0 && most * scale < 1 && scale < (W)1e30) scale *= 2;
    return scale;
}

// Cyclic rounds in which every pair of `count` meets once: the pair at `i` of a round. The last of an odd count rests.
FN void pair_of_round(i64 count, i64 round, i64 i, i64 *p, i64 *q) {
    i64 last = count + (count & 1) - 1, one = i ? (round + i) % last : last, two = (round - i + last) % last;
    *p = one < two ? one : two;
    *q = one < two ? two : one;
}

// The rotation that makes [[x, g], [conj(g), y]] diagonal, with g = |g| exp(i f): of columns p and q, and r = exp(-i f) q,
// p becomes c p - s r and q becomes s p + c r. Returns s / c; h is s / (1 + c).
// Golub and Van Loan, Matrix Computations (2013), 8.5.
FN W rotation(W x, W y, W size, W *s, W *h) {
    W z = (y - x) / (2 * size), t = 1 / (fabs(z) + sqrt(1 + z * z));
    if (z < 0) t = -t;
    W c = 1 / sqrt(1 + t * t);
    *s = t * c;
    *h = *s / (1 + c);
    return t;
}

// c = 1 - s h, so that what rounding costs shrinks with the angle (Rutishauser, The Jacobi Method, 1966).
FN void rotate(GLOBAL N *p, GLOBAL N *q, N phase, W s, W h) {
    N x = *p, y = times(*q, phase);
    *p = minus(x, scaled(plus(y, scaled(x, h)), s));
    *q = plus(y, scaled(minus(x, scaled(y, h)), s));
}
