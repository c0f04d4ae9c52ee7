// Functions of complex numbers, in the type that T computes in; `part` is the type of a part.
//
// Branch cuts and signs of zero are C99's (annex G). From Kahan, Branch Cuts for Complex Elementary Functions (1987):
// the inverse circular functions, tanh, and what keeps squares from leaving the format.

typedef Q(T) part;
#define PART(x) ((part)(x))
#define Z(re, im) CAT(make_, T)((re), (im))
#define PI PART(3.14159265358979323846)
#define IS_WIDE (sizeof(part) == 8)
// exp of more than this does not fit.
#define LOG_LARGEST (IS_WIDE ? PART(709) : PART(88))

FN i32 plane_equal(C(T) a, C(T) b) { return a.re == b.re && a.im == b.im; }
FN i32 plane_nonzero(C(T) a) { return a.re != 0 || a.im != 0; }
FN i32 plane_nan(C(T) a) { return a.re != a.re || a.im != a.im; }
FN i32 part_infinite(part x) { return x == x && x - x != 0; }
FN i32 plane_infinite(C(T) a) { return part_infinite(a.re) || part_infinite(a.im); }
FN i32 plane_finite(C(T) a) { return a.re - a.re == 0 && a.im - a.im == 0; }

FN C(T) plane_neg(C(T) z) { return Z(-z.re, -z.im); }
FN C(T) plane_times_i(C(T) z) { return Z(-z.im, z.re); }
FN C(T) plane_over_i(C(T) z) { return Z(z.im, -z.re); }
FN C(T) plane_scaled(C(T) z, part by) { return Z(z.re * by, z.im * by); }

// exp(x) (a + i b), where exp(x) alone may overflow.
FN C(T) plane_grown(part x, part a, part b) {
    if (x < LOG_LARGEST) {
        part size = exp(x);
        return Z(size * a, size * b);
    }
    part root = exp(x * PART(0.5));
    return Z(root * a * root, root * b * root);
}

FN C(T) plane_exp(C(T) z) {
    if (z.im == 0) return Z(exp(z.re), z.im);
    return plane_grown(z.re, cos(z.im), sin(z.im));
}

FN C(T) plane_exp2(C(T) z) {
    part turn = z.im * PART(0.69314718055994530942), size = exp2(z.re);
    return z.im == 0 ? Z(size, z.im) : Z(size * cos(turn), size * sin(turn));
}

// exp(x) cos(y) - 1 = expm1(x) cos(y) - 2 sin(y / 2)^2.
FN C(T) plane_expm1(C(T) z) {
    if (z.im == 0) return Z(expm1(z.re), z.im);
    if (z.re >= LOG_LARGEST) return plane_exp(z);
    part sine = sin(z.im * PART(0.5));
    return Z(expm1(z.re) * cos(z.im) - 2 * sine * sine, exp(z.re) * sin(z.im));
}

// log |x + i y|; near the unit circle by log1p of |z|^2 - 1.
FN part log_of_size(part x, part y) {
    part a = fabs(x), b = fabs(y), large = a > b ? a : b, small = a > b ? b : a;
    if (large > PART(0.5) && large < 2) return PART(0.5) * log1p((large - 1) * (large + 1) + small * small);
    if (large > PART(1e38)) return log(hypot(large * PART(0.25), small * PART(0.25))) + PART(1.38629436111989061883);
    return log(hypot(x, y));
}

FN C(T) plane_log(C(T) z) { return Z(log_of_size(z.re, z.im), atan2(z.im, z.re)); }

FN C(T) plane_log1p(C(T) z) {
    part up = 1 + z.re, size;
    if (fabs(z.re) < PART(0.5) && fabs(z.im) < PART(0.5))
        size = PART(0.5) * log1p(z.re * (z.re + 2) + z.im * z.im);
    else
        size = log_of_size(up, z.im);
    return Z(size, atan2(z.im, up));
}

FN C(T) plane_sqrt(C(T) z) {
    part a = fabs(z.re), b = fabs(z.im), scale = 1;
    if (part_infinite(z.im)) return Z(b, z.im);
    if (a == 0 && b == 0) return Z(0, z.im);
    // By powers of 4, so that neither the sum overflows nor subnormal numbers lose digits.
    part large = a > b ? a : b;
    if (large > PART(1e37)) scale = PART(0.25);
    if (large < PART(1e-30)) scale = PART(1.2676506002282294e30);
    a *= scale;
    part root = sqrt((a + hypot(a, b * scale)) * PART(0.5)), back = 1 / sqrt(scale);
    part other = z.im * scale / (2 * root);
    if (z.re >= 0) return Z(root * back, other * back);
    return Z(fabs(other) * back, copysign(root * back, z.im));
}

// (cosh(x) a, sinh(x) b), where cosh(x) alone may overflow.
FN C(T) plane_hyperbolic(part x, part a, part b) {
    if (fabs(x) < LOG_LARGEST) return Z(cosh(x) * a, sinh(x) * b);
    return plane_grown(fabs(x), PART(0.5) * a, copysign(PART(0.5), x) * b);
}

FN C(T) plane_cosh(C(T) z) { return plane_hyperbolic(z.re, cos(z.im), sin(z.im)); }

FN C(T) plane_sinh(C(T) z) {
    C(T) swapped = plane_hyperbolic(z.re, sin(z.im), cos(z.im));
    return Z(swapped.im, swapped.re);
}

FN C(T) plane_cos(C(T) z) { return plane_cosh(plane_times_i(z)); }
FN C(T) plane_sin(C(T) z) { return plane_over_i(plane_sinh(plane_times_i(z))); }

FN C(T) plane_tanh(C(T) z) {
    if (fabs(z.re) > (IS_WIDE ? PART(40) : PART(20))) {
        part decay = exp(-fabs(z.re));
        return Z(copysign(PART(1), z.re), 4 * sin(z.im) * cos(z.im) * decay * decay);
    }
    part t = tan(z.im), s = sinh(z.re), beta = 1 + t * t, whole = 1 + beta * s * s;
    return Z(beta * sqrt(1 + s * s) * s / whole, t / whole);
}

FN C(T) plane_tan(C(T) z) { return plane_over_i(plane_tanh(plane_times_i(z))); }

// The roots of 1 - z and 1 + z.
#define ROOTS(z) C(T) minus = plane_sqrt(Z(1 - z.re, -z.im)), plus = plane_sqrt(Z(1 + z.re, z.im))

FN C(T) plane_acos(C(T) z) {
    ROOTS(z);
    return Z(2 * atan2(minus.re, plus.re), asinh(plus.re * minus.im - plus.im * minus.re));
}

FN C(T) plane_asin(C(T) z) {
    ROOTS(z);
    return Z(atan2(z.re, minus.re * plus.re - minus.im * plus.im), asinh(minus.re * plus.im - minus.im * plus.re));
}

FN C(T) plane_asinh(C(T) z) { return plane_over_i(plane_asin(plane_times_i(z))); }

FN C(T) plane_acosh(C(T) z) {
    C(T) minus = plane_sqrt(Z(z.re - 1, z.im)), plus = plane_sqrt(Z(z.re + 1, z.im));
    return Z(asinh(minus.re * plus.re + minus.im * plus.im), 2 * atan2(minus.im, plus.re));
}

// Of the right half-plane: log1p(4 x / ((1 - x)^2 + y^2)) / 4 and atan2(2 y, (1 - x) (1 + x) - y^2) / 2.
FN C(T) plane_atanh(C(T) z) {
    part side = copysign(PART(1), z.re), x = fabs(z.re), y = z.im * side, gap = 1 - x, square = y * y;
    part real = PART(0.25) * log1p(4 * x / (gap * gap + square));
    part turn = PART(0.5) * atan2(2 * y, gap * (1 + x) - square);
    return Z(side * real, side * turn);
}

FN C(T) plane_atan(C(T) z) { return plane_over_i(plane_atanh(plane_times_i(z))); }

FN C(T) plane_pow(C(T) z, C(T) w) {
    if (!plane_nonzero(w)) return Z(1, 0);
    if (!plane_nonzero(z)) return w.re > 0 ? Z(0, 0) : plane_exp(MUL(T, w, plane_log(z)));
    return plane_exp(MUL(T, w, plane_log(z)));
}

// 1 / (1 + exp(-z)), by whichever of exp(z) and exp(-z) does not overflow.
FN C(T) plane_logistic(C(T) z) {
    C(T) one = Z(1, 0);
    if (z.re >= 0) return DIV(T, one, ADD(T, one, plane_exp(plane_neg(z))));
    C(T) e = plane_exp(z);
    return DIV(T, e, ADD(T, one, e));
}
