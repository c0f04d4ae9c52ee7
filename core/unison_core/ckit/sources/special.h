// The gamma function's logarithm and its derivatives, and the inverse of erf.
//
// They are computed in V's type: f64 where the device has it. From 10 on the gamma functions are Stirling's series and
// its derivatives (Abramowitz and Stegun 6.1.41, 6.3.18, 23.2.7 by Euler and Maclaurin), to which the derivatives step
// up. Below zero they are reflected.

#ifdef HAS_FP64
typedef f64 wide;
#else
typedef f32 wide;
#endif
#define V(x) ((wide)(x))
#define PI V(3.14159265358979323846)
#define ENDLESS V(F32_OF(0x7f800000))
#define NO_NUMBER V(F32_OF(0x7fc00000))
#define HORNER(out, x, c) \
    do { \
        out = 0; \
        for (i32 k_ = (i32)(sizeof(c) / sizeof(c[0])) - 1; k_ >= 0; k_--) out = out * (x) + c[k_]; \
    } while (0)

// lgamma(2 + z) for |z| <= 1/2: its Taylor series (6.1.33), the terms 1 - Euler's constant and (-1)^k (zeta(k) - 1) / k.
FN wide log_gamma_above_2(wide z) {
    const wide c[] = {
        V(0.42278433509846713), V(0.3224670334241132), V(-0.0673523010531981), V(0.020580808427784546),
        V(-0.007385551028673986), V(0.0028905103307415234), V(-0.001192753911703261), V(0.0005096695247430425),
        V(-0.00022315475845357939), V(9.945751278180853e-05), V(-4.492623673813314e-05), V(2.050721277567069e-05),
        V(-9.439488275268397e-06), V(4.374866789907488e-06), V(-2.039215753801366e-06), V(9.55141213040742e-07),
        V(-4.492469198764566e-07), V(2.1207184805554665e-07), V(-1.0043224823968099e-07), V(4.7698101693639804e-08),
        V(-2.2711094608943164e-08), V(1.0838659214896955e-08), V(-5.183475041970047e-09), V(2.4836745438024785e-09),
        V(-1.1921401405860912e-09), V(5.731367241678862e-10), V(-2.7595228851242334e-10),
    };
    wide sum;
    HORNER(sum, z, c);
    return z * sum;
}

// lgamma(1 + z) for |z| <= 1/2.
FN wide log_gamma_above_1(wide z) { return log_gamma_above_2(z) - log1p(z); }

// lgamma(3/2 + z) for |z| <= 1/4: its Taylor series.
FN wide log_gamma_middle(wide z) {
    const wide c[] = {
        V(-0.12078223763524522), V(0.03648997397857652), V(0.46740110027233966), V(-0.13813277403905333),
        V(0.05871212641676822), V(-0.028952081888893543), V(0.0154354841700493), V(-0.008622603929171286),
        V(0.004965728809475818), V(-0.002920970458667952), V(0.00174503557579013), V(-0.001054915693867632),
        V(0.0006437029830381486), V(-0.00039577153964650777), V(0.0002448711904829441), V(-0.00015231593814270082),
        V(9.517939662502588e-05), V(-5.97136233623377e-05), V(3.759490926961219e-05), V(-2.3743185469209343e-05),
        V(1.5036983408359218e-05), V(-9.547151192148187e-06), V(6.07540647448469e-06), V(-3.87415183000977e-06),
    };
    wide sum;
    HORNER(sum, z, c);
    return sum;
}

FN wide stirling(wide x) {
    const wide c[] = {
        V(0.08333333333333333), V(-0.002777777777777778), V(0.0007936507936507937), V(-0.0005952380952380952),
        V(0.0008417508417508418), V(-0.0019175269175269174), V(0.006410256410256411), V(-0.02955065359477124),
        V(0.17964437236883057), V(-1.3924322169059011),
    };
    wide inverse = 1 / x, sum;
    HORNER(sum, inverse * inverse, c);
    return (x - V(0.5)) * (log(x) - 1) + (V(0.41893853320467267) + inverse * sum);
}

// For x >= 0 and a little below.
FN wide log_gamma_right(wide x) {
    wide size = fabs(x);
    if (size < V(0.5)) return log_gamma_above_1(x) - log(size);
    if (size < V(1.25)) return log_gamma_above_1(x - 1);
    if (size < V(1.75)) return log_gamma_middle(x - V(1.5));
    if (size >= 10) return stirling(x);
    // Steps down to the series about 2 are exact; those up to Stirling's would cancel.
    wide product = 1;
    while (x > V(2.5)) {
        x -= 1;
        product *= x;
    }
    return log_gamma_above_2(x - 2) + log(product);
}

FN wide log_gamma(wide x) {
    if (x - x != 0) return fabs(x);
    if (x > V(-0.5)) return x == 0 ? ENDLESS : log_gamma_right(x);
    wide turn = x - rint(x);
    if (turn == 0) return ENDLESS;
    return V(1.1447298858494002) - log(fabs(sin(PI * turn))) - log_gamma_right(1 - x);
}

// cot(pi x), exact to the last digits next to its zeros too.
FN wide cotangent_of_turn(wide x) {
    wide turn = x - rint(x), size = fabs(turn);
    return copysign(size < V(0.25) ? 1 / tan(PI * size) : tan(PI * (V(0.5) - size)), turn);
}

FN wide digamma(wide x) {
    const wide c[] = {
        V(0.08333333333333333), V(-0.008333333333333333), V(0.003968253968253968), V(-0.004166666666666667),
        V(0.007575757575757576), V(-0.02109279609279609), V(0.08333333333333334), V(-0.4432598039215686),
        V(3.0539543302701198), V(-26.456212121212122),
    };
    if (x == 0) return copysign(ENDLESS, -x);
    if (x < 0 && (x == floor(x) || x - x != 0)) return NO_NUMBER;
    wide start = x < 0 ? 1 - x : x, below = 0, sum;
    i32 steps = 0;
    for (; steps < 10 && start + steps < 10; steps++) below += 1 / (start + steps);
    wide up = start + steps, square = 1 / (up * up);
    HORNER(sum, square, c);
    wide out = (log(up) - V(0.5) / up - square * sum) - below;
    return x < 0 ? out - PI * cotangent_of_turn(x) : out;
}

// (x + i)^-s, the rounding of the sum taken back.
FN wide zeta_term(i32 s, wide x, i32 i) {
    wide up = x + i, shadow = up - x, lost = (x - (up - shadow)) + (i - shadow), power = pow(up, (wide)-s);
    return i == 0 ? power : power - power * (s * lost / up);
}

// What Euler and Maclaurin add to the integral of t^-s from x on, as a multiple of x^(1 - s).
FN wide zeta_series(i32 s, wide x) {
    const wide c[] = {
        V(0.08333333333333333), V(-0.001388888888888889), V(3.3068783068783064e-05), V(-8.267195767195768e-07),
        V(2.08767569878681e-08), V(-5.284190138687493e-10), V(1.338253653068468e-11), V(-3.3896802963225827e-13),
        V(8.586062056277845e-15), V(-2.174868698558062e-16),
    };
    wide square = 1 / (x * x), term = square, factor = s, total = 0;
    for (i32 k = 0; k < 10; k++) {
        total += c[k] * (factor * term);
        factor *= (wide)(s + 2 * k + 1) * (s + 2 * k + 2);
        term *= square;
    }
    return total + V(0.5) / x;
}

// Hurwitz's zeta(s, x) for x >= 0: the small terms first, which come from the series, the first term last.
FN wide hurwitz(i32 s, wide x) {
    i32 far = 9 + s, steps = x < far ? (i32)ceil(far - x) : 0;
    wide up = x + steps, power = pow(up, (wide)-s);
    wide total = power * up * (zeta_series(s, up) + V(1) / (s - 1));
    for (i32 i = steps - 1; i >= 0; i--) total += zeta_term(s, x, i);
    return total;
}

// (-1)^(n+1) n! times the sum of (x + k)^-(n+1) over k >= 0; below zero the sums to both sides of a pole.
FN wide polygamma(wide x, i32 n) {
    if (n == 0) return digamma(x);
    i32 s = n + 1;
    wide factorial = 1, out;
    for (i32 i = 2; i < n; i++) factorial *= i;
    if (x > 256 && x > 9 + s) {
        // Powers and factorials apart would leave the format before their product does.
        for (i32 i = 0; i < n; i++) factorial *= V(0.00390625);
        out = factorial * pow(x * V(0.00390625), (wide)-n) * (1 + n * zeta_series(s, x));
    } else if (x < 0) {
        // The nearer pole's distance is exact, so that no digit of its large term is lost.
        wide turn = x - rint(x);
        wide above = hurwitz(s, turn < 0 ? 1 + turn : turn), left = hurwitz(s, turn < 0 ? -turn : 1 - turn);
        wide beyond = hurwitz(s, 1 - x);
        out = factorial * n * (s % 2 ? above - (left - beyond) : above + (left - beyond));
    } else {
        out = factorial * n * hurwitz(s, x);
    }
    return s % 2 ? -out : out;
}

// Winitzki's formula (2008), then three steps of Halley's method on erf, or on erfc near the ends.
FN wide inverse_erf(wide x) {
    wide size = fabs(x);
    if (size == 0) return x;
    if (!(size < 1)) return size == 1 ? copysign(ENDLESS, x) : NO_NUMBER;
    wide logarithm = log1p(-size * size), b = V(4.330746750799873) + logarithm / 2;
    wide y = sqrt(fmax(sqrt(b * b - logarithm / V(0.147)) - b, V(0)));
    for (i32 i = 0; i < 3; i++) {
        wide gap = size < V(0.5) ? erf(y) - size : (1 - size) - erfc(y);
        wide step = gap / (V(1.1283791670955126) * exp(-y * y));
        y -= step / (1 + y * step);
    }
    return copysign(y, x);
}
